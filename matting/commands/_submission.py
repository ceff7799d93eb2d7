"""`evaluate alphamatting --split test`: the mattes of alphamatting.com's test photos, as its site takes them."""

from __future__ import annotations

import argparse
import dataclasses
import sys

from matting.commands import UsageError


def run(args: argparse.Namespace) -> int:
    """Write the test photos' alphas as the site of alphamatting.com takes them: Trimap1 to Trimap3, 8-bit gray."""
    from matting.commands._benchmarks import prepare
    from matting.evaluation import benchmarks
    from matting.evaluation.guidance import TRIMAP_NUMBERS
    from matting.evaluation.protocols import Choices, plan
    from matting.evaluation.runner import evaluate

    failed = {}
    try:
        cache = prepare(args)
        if not args.save:
            raise ValueError("The test photos' true alphas are not public; name a folder for the mattes with --save.")
        if args.json or args.against or len(args.method or ()) > 1:
            raise ValueError("Nothing can be scored on the test photos; give one --method, no --json and no --against.")
        found = benchmarks.examples("alphamatting", args.root, split="test")[: args.first]
        if args.trimap != "all" and args.trimap not in TRIMAP_NUMBERS:
            raise ValueError(f"The test photos' trimaps are 1, 2, 3 or all, got {args.trimap}; choose by --trimap.")
        numbers = ("1", "2", "3") if args.trimap == "all" else (TRIMAP_NUMBERS[args.trimap],)
        for number in numbers:
            choices = Choices(methods=args.method, trimap=number, weights=args.weights, vitmatte=args.vitmatte)
            (one,) = plan("alphamatting", found, choices, scored=False).values()
            one = dataclasses.replace(one, save=args.save / f"Trimap{number}", deep=False)
            outcomes = evaluate(found, one, cache=cache, workers=args.workers)
            failed |= {f"Trimap{number}/{key}": o.failure for key, o in outcomes.items() if o.failure}
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    print(f"{len(found) * len(numbers) - len(failed)} mattes are in {args.save}, in the folders that the site takes.")
    for name, why in failed.items():
        print(f"  {name}: {why}", file=sys.stderr)
    return 1 if failed else 0
