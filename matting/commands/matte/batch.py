"""Many photos through one pipeline: finished ones are skipped, failures are reported at the end, the rest goes on."""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from matting.commands import UsageError, load_pipeline
from matting.commands.matte.interrupts import noting_interrupts
from matting.commands.matte.naming import OUTPUTS, Job, find_photos, guidance_of, output_names, output_paths
from matting.commands.matte.records import Records
from matting.files import clear_left_over, owned_name
from matting.images import Carried, carried, write_alpha, write_png

if TYPE_CHECKING:
    from matting import MattingPipeline, MattingResult


PROBE = 1 << 16
"""Bytes of the file that is written to find out whether a folder takes any."""


class UnwritableError(Exception):
    """The folder takes no more files; its message is one sentence for a person."""


def matte_photos(args: argparse.Namespace) -> int:
    """Matte every photo that is not done yet; returns 1 if one failed, else 0. Raises UsageError."""
    jobs = share_of_this_process(_plan(args))
    records, todo, failures = Records(args), [], {}
    for job in jobs:
        done, why = _standing(job, records, args.overwrite)
        if why:
            failures[job.photo] = why
            _say(about(job.photo, why))
        elif not done:
            todo.append(job)
    if skipped := len(jobs) - len(todo) - len(failures):
        print(f"{_photos(skipped)} already done and skipped; --overwrite does them again.")
    if todo:
        clear_left_over(args.out)
        failures |= _matte_all(load(args), todo, args, records)
    if failures:
        _say(f"{_photos(len(failures))} failed:", *(f"  {photo}: {why}" for photo, why in failures.items()))
    return 1 if failures else 0


def _matte_all(
    pipeline: MattingPipeline, jobs: list[Job], args: argparse.Namespace, records: Records
) -> dict[Path, str]:
    """Matte the photos, say how many are done, and return what went wrong with which."""
    outcomes: dict[Path, str | None] = {}
    try:
        outcomes.update(_work(pipeline, jobs, args, records))
    finally:
        print(f"{_photos(list(outcomes.values()).count(None))} done, written to {args.out}.")
    return {photo: why for photo, why in outcomes.items() if why}


def _standing(job: Job, records: Records, overwrite: bool) -> tuple[bool, str | None]:
    """Tell whether a job is done, and in a sentence why its outputs cannot be written or may not be."""
    try:
        state = records.state(job)
    except OSError as error:
        reason = "is too long" if error.errno == errno.ENAMETOOLONG else f"cannot be used ({error.strerror})"
        return False, f"Its name {reason} for the files named after it; give the photo another one."
    if overwrite or state != "foreign":
        return state == "done" and not overwrite, None
    folder = job.outputs["alpha"].parent
    return False, (
        f"{folder} has files named {job.name} that were not made from it; choose another --out, or --overwrite "
        "replaces them."
    )


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
        _check_writable(folder)
    names = output_names(photos)
    jobs = [Job(photo, output_paths(args.out, name, args.save_mask)) for photo, name in zip(photos, names, strict=True)]
    inputs = {path.resolve() for path in (*photos, args.mask, args.trimap) if path}
    for path in (path for job in jobs for path in job.outputs.values()):
        if path.resolve() in inputs:
            raise UsageError(f"{path} is given and would be written over; choose another --out.")
    return jobs


def _check_writable(folder: Path) -> None:
    """Raise UsageError unless a file can be written to a folder, before hours of work are lost."""
    probe = folder / f".probe.{owned_name()}"
    try:
        probe.write_bytes(bytes(PROBE))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror}; choose another folder.") from error
    finally:
        probe.unlink(missing_ok=True)


def load(args: argparse.Namespace) -> MattingPipeline:
    """Load the networks that a call's arguments name; raises UsageError."""
    pipeline = load_pipeline(args.weights, args.device, args.dtype)
    if not args.mask and not args.trimap:
        try:
            pipeline.segmenter(args.coarse)
        except (ValueError, OSError, RuntimeError) as error:
            raise UsageError(str(error)) from error
    return pipeline


def _work(
    pipeline: MattingPipeline, jobs: list[Job], args: argparse.Namespace, records: Records
) -> Iterator[tuple[Path, str | None]]:
    """Matte the photos one by one; yields each with what went wrong, and nothing more once the disk takes nothing."""
    with noting_interrupts() as interrupts:
        for job in tqdm(jobs, unit="photo", file=sys.stderr):
            why = None
            try:
                record = records.describe(job)
                result = matte_one(pipeline, job.photo, guidance_of(job.photo, args), args)
                _write(result, job, told_beside(job.photo, args), records.kept(job, record))
            except UnwritableError as error:
                yield job.photo, str(error)
                return
            except Exception as error:  # whatever one photo brings about, the others are still to be done
                interrupts.heed()
                why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
                _say(about(job.photo, why))
            else:
                interrupts.heed()
                _say(*(about(job.photo, notice) for notice in result.notices))
            yield job.photo, why


def matte_one(
    pipeline: MattingPipeline, photo: Path | bytes, guidance: Path | None, args: argparse.Namespace
) -> MattingResult:
    """Matte a file or its bytes by what a call's arguments ask for; `guidance` is its mask or trimap."""
    if args.trimap:
        return pipeline(photo, trimap=guidance, fusion=args.fusion)
    if args.mask:
        return pipeline(photo, coarse_mask=guidance, fusion=args.fusion)
    if args.points or args.box:
        return pipeline(photo, points=args.points, box=args.box, coarse=args.coarse, fusion=args.fusion)
    # In two steps, for in one the pipeline would remark for each photo what was said once for all.
    mask = pipeline.coarse_mask(photo, coarse=args.coarse)
    return pipeline(photo, coarse_mask=mask, fusion=args.fusion)


def told_beside(photo: Path | bytes, args: argparse.Namespace) -> Carried:
    """Tell what a photo's cutout carries on beside its pixels, unless the call's arguments leave that out."""
    return carried(photo, "nothing" if args.strip else "everything" if args.keep_place else "all but the place")


def _write(result: MattingResult, job: Job, told: Carried, kept: AbstractContextManager[None]) -> None:
    try:
        with kept:
            write_result(result, job.outputs, told)
    except OSError as error:  # if one photo's files cannot be written, no photo's can
        folder, why = job.outputs["alpha"].parent, error.strerror or str(error)
        raise UnwritableError(
            f"{folder} cannot be written to ({why}), so the rest is not done; make room there and run this again."
        ) from error


def write_result(result: MattingResult, outputs: dict[str, Path], told: Carried) -> None:
    """Write all outputs to temporary files, then move them into place: an interrupted run leaves none half done.

    The cutout is told all that the photo carried, the others their resolution.
    """
    dots = Carried(dpi=told["dpi"]) if "dpi" in told else Carried()
    folder = outputs["alpha"].parent
    if "mask" in outputs:  # which may lie on another disk
        write_mask(outputs["mask"], result.coarse_mask)
    aside = folder / f".matte.{owned_name()}"
    aside.mkdir()
    try:
        write_alpha(aside / "alpha", result.alpha, dots)
        write_png(aside / "cutout", result.cutout, told)
        write_png(aside / "trimap", result.trimap, dots)
        for output in OUTPUTS:
            os.replace(aside / output, outputs[output])
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Write a coarse mask, floats (H, W) in [0, 1], as 8-bit gray."""
    write_png(path, np.rint(mask * 255).astype(np.uint8))


def about(photo: Path, sentence: str) -> str:
    """Name the photo in front of a sentence that does not."""
    return sentence if photo.name in sentence else f"{photo.name}: {sentence}"


def _photos(count: int) -> str:
    return f"{count} photo{'' if count == 1 else 's'}"


def _say(*lines: str) -> None:
    for line in lines:
        tqdm.write(line, file=sys.stderr)
