"""`evaluate alphamatting --split test`: the mattes of alphamatting.com's test photos, for its site to score.

They are written as `Trimap{1,2,3}/NAME.png`, 8-bit gray, at the photos' size. Folders and names are those of the
site's own copies of earlier submissions, such as uploaded/…/standardtest/Trimap1/troll.png. Its submission page, which
was not at hand here, says how to pack and send them; read it first.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys

from matting.commands import UsageError


def run(args: argparse.Namespace) -> int:
    """Write the test photos' alphas, one folder for each kind of trimap; returns 1 where one is missing, else 0."""
    from matting.commands.evaluate.benchmarks import prepare
    from matting.evaluation.benchmarks import definitions
    from matting.evaluation.benchmarks.guidance import TRIMAP_NUMBERS
    from matting.evaluation.benchmarks.protocols import Choices, plan
    from matting.evaluation.benchmarks.runner import evaluate

    failed = {}
    try:
        cache = prepare(args)
        if not args.save:
            raise ValueError("The test photos' true alphas are not public; name a folder for the mattes with --save.")
        if args.json or args.against or args.region or len(args.method or ()) > 1:
            raise ValueError(
                "Nothing can be scored on the test photos; give one --method, no --json, --against or --region."
            )
        if args.mask or set(args.method or ()) & {"joint-hard", "joint-soft"}:
            raise ValueError("The test photos come with trimaps; choose a --method that needs one, and no --mask.")
        found = definitions.examples("alphamatting", args.root, split="test")[: args.first]
        if args.trimap != "all" and args.trimap not in TRIMAP_NUMBERS:
            raise ValueError(f"The test photos' trimaps are 1, 2, 3 or all, got {args.trimap}; choose by --trimap.")
        numbers = ("1", "2", "3") if args.trimap == "all" else (TRIMAP_NUMBERS[args.trimap],)
        for number in numbers:
            choices = Choices(
                args.method, number, weights=args.weights, vitmatte=args.vitmatte, device=args.device, flip=args.flip
            )
            (one,) = plan("alphamatting", found, choices, scored=False).values()
            one = dataclasses.replace(one, save=args.save / f"Trimap{number}", deep=False)
            outcomes = evaluate(found, one, cache=cache, workers=args.workers)
            failed |= {f"Trimap{number}/{key}": o.failure for key, o in outcomes.items() if o.failure}
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    written = len(found) * len(numbers) - len(failed)
    print(f"{written} mattes are in {args.save}; the site's submission page says how to send them.")
    for name, why in failed.items():
        print(f"  {name}: {why}", file=sys.stderr)
    return 1 if failed else 0
