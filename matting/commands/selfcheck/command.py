"""Run each network in each dtype on a device, and compare it with the CPU's float32.

For machines that this project has never run on: the table shows where their results agree and where they differ.
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matting.commands import UsageError, check_device
from matting.commands.options import add_device

if TYPE_CHECKING:
    import numpy as np
    import torch

    from matting.commands.selfcheck.subjects import Subject

TOLERANCES = {"float32": (1e-3, 1e-4), "bfloat16": (0.2, 0.02), "float16": (0.04, 0.004)}
"""Largest and mean difference of alphas and probabilities, both in [0, 1]: some times what CPUs show."""

EPILOG = """\
OK: within the printed tolerances. DIFFERS: beyond them, or not a number. UNSUPPORTED: the device lacks the dtype (it
must have float32). FAILED: an error. float32 is compared without TF32.
Exit status: 0 all OK or unsupported, 1 something differs or failed, 2 called wrongly (no such device, say).
"""


@dataclass(frozen=True)
class Outcome:
    """A row of the table: largest and mean difference where there is an answer, and the verdict."""

    largest: float | None
    mean: float | None
    verdict: str
    remark: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong: a missing dtype is no fault."""
        return self.verdict in ("OK", "UNSUPPORTED")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `selfcheck`."""
    parser = subparsers.add_parser(
        "selfcheck",
        help="compare a device's results with the CPU's",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_device(parser)
    parser.add_argument(
        "--config",
        default="quick",
        choices=("quick", "small", "paper", "paper_star"),
        help="quick (default): the small networks and narrow ones of the paper's structure; or one at full size",
    )
    parser.add_argument(
        "--tolerance", type=float, default=1.0, metavar="F", help="multiply the tolerances (default: 1)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the table; returns 1 if something differs, else 0."""
    import torch

    from matting.commands.selfcheck.subjects import build_subjects
    from matting.inference import whole_photo

    try:
        device = check_device(args.device)
    except ValueError as error:
        raise UsageError(str(error)) from error
    print(f"{device} against cpu in float32 · torch {torch.__version__} · {platform.platform()}")
    print(f"fast here: {str(whole_photo.fast_dtype(device)).removeprefix('torch.')} (what --dtype auto chooses)")
    for dtype, (largest, mean) in TOLERANCES.items():
        print(f"tolerance of {dtype}: largest {args.tolerance * largest:.2g}, mean {args.tolerance * mean:.2g}")
    print(f"\n{'network':<28}{'dtype':<10}{'largest':>10}{'mean':>10}  verdict")
    bad = 0
    for subject in build_subjects(args.config):
        reference = subject.estimate(whole_photo.prepare(subject.network, torch.device("cpu"), torch.float32))
        for dtype in TOLERANCES:
            outcome = check(subject, device, dtype, reference, args.tolerance)
            print(_row(subject.name, dtype, outcome), flush=True)
            bad += not outcome.good
    print(f"\n{bad} of these differ." if bad else "\nAll that this device supports agrees.")
    return 1 if bad else 0


def check(subject: Subject, device: torch.device, dtype: str, reference: np.ndarray, factor: float = 1.0) -> Outcome:
    """Run a subject on a device in a dtype and compare its answer with the reference."""
    import torch

    from matting.inference import whole_photo

    try:
        # With TF32 a float32 has a float16's ten bits, and the difference could not be told from a fault.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            answer = subject.estimate(whole_photo.prepare(subject.network, device, getattr(torch, dtype)))
    except (RuntimeError, TypeError) as error:
        verdict = "UNSUPPORTED" if dtype != "float32" and _is_unsupported(error) else "FAILED"
        return Outcome(None, None, verdict, str(error).strip().partition("\n")[0])
    return judge(answer, reference, dtype, factor)


def judge(answer: np.ndarray, reference: np.ndarray, dtype: str, factor: float = 1.0) -> Outcome:
    """Compare two answers of one shape, floats in [0, 1], by the dtype's tolerances times a factor."""
    import numpy as np

    missing = np.count_nonzero(~np.isfinite(answer))
    if missing:
        return Outcome(None, None, "DIFFERS", f"{missing} of {answer.size} values are not numbers")
    difference = np.abs(answer.astype(np.float64) - reference)
    largest, mean = float(difference.max()), float(difference.mean())
    limits = [factor * limit for limit in TOLERANCES[dtype]]
    return Outcome(largest, mean, "OK" if largest <= limits[0] and mean <= limits[1] else "DIFFERS")


def _is_unsupported(error: Exception) -> bool:
    """Tell "there is no such dtype here" from other failures.

    PyTorch raises NotImplementedError for a missing kernel; its back ends say the rest in these words.
    """
    words = ("not implemented", "not support", "unsupported", "no kernel")
    return isinstance(error, NotImplementedError) or any(word in str(error).lower() for word in words)


def _row(name: str, dtype: str, outcome: Outcome) -> str:
    largest, mean = ("-" if value is None else f"{value:.2e}" for value in (outcome.largest, outcome.mean))
    row = f"{name:<28}{dtype:<10}{largest:>10}{mean:>10}  {outcome.verdict}"
    return f"{row}: {outcome.remark}" if outcome.remark else row
