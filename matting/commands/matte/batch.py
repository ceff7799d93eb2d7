"""Many photos through one pipeline: finished ones are skipped, failures are reported at the end, the rest goes on."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from matting.commands import UsageError, load_pipeline
from matting.commands.matte.interrupts import noting_interrupts
from matting.commands.matte.naming import OUTPUTS, find_companion, find_photos, output_names, output_paths
from matting.images import write_alpha, write_png

if TYPE_CHECKING:
    from matting import MattingPipeline, MattingResult


@dataclass(frozen=True)
class Job:
    """A photo and its output files: alpha, cutout and trimap, sometimes the coarse mask."""

    photo: Path
    outputs: dict[str, Path]


def matte_photos(args: argparse.Namespace) -> int:
    """Matte every photo that is not done yet; returns 1 if one failed, else 0. Raises UsageError."""
    jobs = share_of_this_process(_plan(args))
    todo = [job for job in jobs if args.overwrite or not all(path.exists() for path in job.outputs.values())]
    if len(todo) < len(jobs):
        print(f"{_photos(len(jobs) - len(todo))} already done and skipped; --overwrite does them again.")
    if not todo:
        return 0
    failures = _work(_load(args), todo, args)
    print(f"{_photos(len(todo) - len(failures))} done, written to {args.out}.")
    if failures:
        _say(f"{_photos(len(failures))} failed:", *(f"  {photo}: {why}" for photo, why in failures.items()))
    return 1 if failures else 0


def share_of_this_process(jobs: list[Job]) -> list[Job]:
    """Keep every N-th job where N processes were launched for one folder, as by `accelerate launch`.

    The share depends on the photos alone, so each is done once, and a process that died can be launched again.
    """
    rank, processes = (int(os.environ.get(name, alone)) for name, alone in (("RANK", 0), ("WORLD_SIZE", 1)))
    return jobs[rank::processes]


def _plan(args: argparse.Namespace) -> list[Job]:
    """List the photos and their outputs; raises UsageError where the call makes no sense for them."""
    photos = find_photos(args.photos, args.out)
    for option, path in (("--mask", args.mask), ("--trimap", args.trimap)):
        if path and len(photos) > 1 and not path.is_dir():
            raise UsageError(f"{option} names one file for {len(photos)} photos; name a folder of them.")
    if len(photos) > 1 and (args.points or args.box):
        _say(f"The same points or box are used in each of the {len(photos)} photos.")
    if args.save_mask and any(photo.resolve().parent == args.save_mask.resolve() for photo in photos):
        raise UsageError(f"{args.save_mask} holds photos, and a mask would be taken for one; name another folder.")
    for folder in filter(None, (args.out, args.save_mask)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    names = output_names(photos)
    jobs = [Job(photo, output_paths(args.out, name, args.save_mask)) for photo, name in zip(photos, names, strict=True)]
    inputs = {path.resolve() for path in (*photos, args.mask, args.trimap) if path}
    for path in (path for job in jobs for path in job.outputs.values()):
        if path.resolve() in inputs:
            raise UsageError(f"{path} is given and would be written over; choose another --out.")
    return jobs


def _load(args: argparse.Namespace) -> MattingPipeline:
    pipeline = load_pipeline(args.weights, args.device, args.dtype)
    if not args.mask and not args.trimap:
        try:
            pipeline.segmenter(args.coarse)
        except (ValueError, OSError, RuntimeError) as error:
            raise UsageError(str(error)) from error
    return pipeline


def _work(pipeline: MattingPipeline, jobs: list[Job], args: argparse.Namespace) -> dict[Path, str]:
    """Matte the photos one by one; returns what went wrong with which."""
    failures = {}
    with noting_interrupts() as interrupts:
        for job in tqdm(jobs, unit="photo", file=sys.stderr):
            try:
                result = _matte(pipeline, job.photo, args)
                write_result(result, job.outputs)
            except Exception as error:  # whatever one photo brings about, the others are still to be done
                interrupts.heed()
                known = isinstance(error, ValueError)
                failures[job.photo] = str(error) if known else f"{type(error).__name__}: {error}"
                _say(_about(job.photo, failures[job.photo]))
            else:
                interrupts.heed()
                _say(*(_about(job.photo, notice) for notice in result.notices))
    return failures


def _matte(pipeline: MattingPipeline, photo: Path, args: argparse.Namespace) -> MattingResult:
    if args.trimap:
        return pipeline(photo, trimap=find_companion(photo, args.trimap), fusion=args.fusion)
    if args.mask:
        return pipeline(photo, coarse_mask=find_companion(photo, args.mask), fusion=args.fusion)
    if args.points or args.box:
        return pipeline(photo, points=args.points, box=args.box, coarse=args.coarse, fusion=args.fusion)
    # In two steps, for in one the pipeline would remark for each photo what was said once for all.
    mask = pipeline.coarse_mask(photo, coarse=args.coarse)
    return pipeline(photo, coarse_mask=mask, fusion=args.fusion)


def write_result(result: MattingResult, outputs: dict[str, Path]) -> None:
    """Write all outputs to temporary files, then move them into place: an interrupted run leaves none half done."""
    folder = outputs["alpha"].parent
    if "mask" in outputs:  # which may lie on another disk
        write_png(outputs["mask"], np.rint(result.coarse_mask * 255).astype(np.uint8))
    with tempfile.TemporaryDirectory(prefix=".matte-", dir=folder) as aside:
        write_alpha(Path(aside, "alpha"), result.alpha)
        write_png(Path(aside, "cutout"), result.cutout)
        write_png(Path(aside, "trimap"), result.trimap)
        for output in OUTPUTS:
            os.replace(Path(aside, output), outputs[output])


def _about(photo: Path, sentence: str) -> str:
    return sentence if photo.name in sentence else f"{photo.name}: {sentence}"


def _photos(count: int) -> str:
    return f"{count} photo{'' if count == 1 else 's'}"


def _say(*lines: str) -> None:
    for line in lines:
        tqdm.write(line, file=sys.stderr)
