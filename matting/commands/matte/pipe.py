"""One photo through a pipe: `-` reads it from standard input, `--out -` writes its cutout to standard output."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from matting.commands import UsageError
from matting.commands.matte.batch import about, load, matte_one, told_beside, write_mask, write_result
from matting.commands.matte.naming import guidance_of, output_paths
from matting.images import save_png

PIPE = "-"
NAME = "stdin"
"""What the outputs of a photo from a pipe are named after."""

LARGEST = 1 << 29
"""Bytes that are read from a pipe."""


def is_asked(args: argparse.Namespace) -> bool:
    """Tell whether a call reads from a pipe or writes to one."""
    return PIPE in args.photos or str(args.out) == PIPE


def matte_piped(args: argparse.Namespace) -> int:
    """Matte one photo; returns 1 if it failed, else 0. Raises UsageError."""
    if len(args.photos) > 1 or Path(args.photos[0]).is_dir():
        raise UsageError("A pipe takes one photo; name one, or a folder for --out.")
    photo, outputs = _read(args.photos[0]), None
    name = Path(NAME if isinstance(photo, bytes) else photo)
    if str(args.out) != PIPE:
        outputs = output_paths(args.out, name.stem)
        if any(path.exists() for path in outputs.values()) and not args.overwrite:
            raise UsageError(f"{args.out} has files named {name.stem} already; --overwrite replaces them.")
    pipeline = load(args)
    try:
        result, told = matte_one(pipeline, photo, guidance_of(name, args), args), told_beside(photo, args)
    except ValueError as error:
        print(about(name, str(error)), file=sys.stderr)
        return 1
    for notice in result.notices:
        print(about(name, notice), file=sys.stderr)
    try:
        if args.save_mask:
            args.save_mask.mkdir(parents=True, exist_ok=True)
            write_mask(args.save_mask / f"{name.stem}.png", result.coarse_mask)
        if outputs:
            args.out.mkdir(parents=True, exist_ok=True)
            write_result(result, outputs, told)
        else:
            save_png(sys.stdout.buffer, result.cutout, told)
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains again when it leaves
        print("Whoever read the cutout has gone; it is not written.", file=sys.stderr)
        return 1
    except OSError as error:
        raise UsageError(f"{args.out} cannot be written to ({error.strerror or error}).") from error
    return 0


def _read(photo: str) -> Path | bytes:
    if photo != PIPE:
        return Path(photo)
    if sys.stdin.isatty():
        raise UsageError("- reads a photo from a pipe, as in: trimatte matte - --out cutouts < photo.jpg.")
    content = sys.stdin.buffer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UsageError(f"The photo in the pipe has more than {LARGEST >> 20} MiB; save it to a file.")
    return content
