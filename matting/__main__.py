"""The command line, `python -m matting COMMAND`; each sub-command is a module of `matting.commands`."""

import argparse
import importlib
import io
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from matting import commands
from matting.commands import UsageError
from matting.inference.allocator import keep_freed_memory

INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended


class Parser(argparse.ArgumentParser):
    """Report a wrong argument in one sentence instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and leave with exit status 2."""
        self.exit(2, f"{self.prog}: {message.rstrip('.')}. See {self.prog} --help.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command; returns the exit status: 0 done, 1 failed in part, 2 misused, 130 interrupted."""
    _say_what_can_be_said()
    keep_freed_memory()
    parser = Parser(prog=_called_as(), description="Cut objects out of photos, hair and glass included.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = _command_modules()
    for module in modules.values():
        module.add_parser(subparsers)
    args = parser.parse_args([*map(_as_file, sys.argv[1:] if argv is None else argv)])
    try:
        return modules[args.command].run(args)
    except UsageError as error:
        print(f"{parser.prog} {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted; what is finished stays.", file=sys.stderr)
        return INTERRUPTED


def _as_file(argument: str) -> str:
    """Tell a file whose name begins with a dash, as *.jpg may find one, from an option."""
    named = argument.startswith("-") and argument != "-" and Path(argument).is_file()
    return f"./{argument}" if named else argument


def _say_what_can_be_said() -> None:
    """Let a console or a file that lacks a character, as Windows' do, get a ? for it instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _called_as() -> str:
    """Return the words by which this program was called, for its help."""
    return "trimatte" if Path(sys.argv[0]).stem == "trimatte" else "python -m matting"


def _command_modules() -> dict[str, ModuleType]:
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    modules = {name: importlib.import_module(f"matting.commands.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "add_parser")}


if __name__ == "__main__":
    sys.exit(main())
