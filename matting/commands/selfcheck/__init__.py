"""`selfcheck`: every network in every dtype against the CPU."""

from matting.commands.selfcheck.command import add_parser, run

__all__ = ["add_parser", "run"]
