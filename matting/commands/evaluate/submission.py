"""`evaluate alphamatting --split test`: the mattes of alphamatting.com's test photos, for its site to score.

They are written as `Trimap{1,2,3}/NAME.png`, 8-bit gray, at the photos' size. Folders and names are those of the
site's own copies of earlier submissions, such as uploaded/…/standardtest/Trimap1/troll.png. Its submission page, which
was not at hand here, says how to pack and send them; read it first.
"""

from __future__ import annotations

import dataclasses
import sys

from matting.commands import UsageError
from matting.commands.evaluate.options import BenchmarkOptions, prepare


def write_mattes(options: BenchmarkOptions) -> int:
    """Write the test photos' alphas, one folder for each kind of trimap; returns 1 where one is missing, else 0."""
    from matting.evaluation.benchmarks import definitions
    from matting.evaluation.benchmarks.guidance import TRIMAP_NUMBERS
    from matting.evaluation.benchmarks.protocols import Choices, plan
    from matting.evaluation.benchmarks.runner import evaluate
    from matting.evaluation.methods import FROM_MASK

    failed = {}
    try:
        cache = prepare(options)
        if not options.save:
            raise ValueError("The test photos' true alphas are not public; name a folder for the mattes with --save.")
        if options.json or options.against or options.region or len(options.method or ()) > 1:
            raise ValueError(
                "Nothing can be scored on the test photos; give one --method, no --json, --against or --region."
            )
        if options.mask or set(options.method or ()) & set(FROM_MASK):
            raise ValueError("The test photos come with trimaps; choose a --method that needs one, and no --mask.")
        found = definitions.examples("alphamatting", options.root, split="test")[: options.first]
        if options.trimap != "all" and options.trimap not in TRIMAP_NUMBERS:
            raise ValueError(f"The test photos' trimaps are 1, 2, 3 or all, got {options.trimap}; choose by --trimap.")
        numbers = ("1", "2", "3") if options.trimap == "all" else (TRIMAP_NUMBERS[options.trimap],)
        for number in numbers:
            choices = Choices(
                options.method,
                number,
                weights=options.weights,
                vitmatte=options.vitmatte,
                device=options.device,
                flip=options.flip,
            )
            (one,) = plan("alphamatting", found, choices, scored=False).values()
            one = dataclasses.replace(one, save=options.save / f"Trimap{number}", deep=False)
            outcomes = evaluate(found, one, cache=cache, workers=options.workers)
            failed |= {f"Trimap{number}/{key}": o.failure for key, o in outcomes.items() if o.failure}
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    written = len(found) * len(numbers) - len(failed)
    print(f"{written} mattes are in {options.save}; the site's submission page says how to send them.")
    for name, why in failed.items():
        print(f"  {name}: {why}", file=sys.stderr)
    return 1 if failed else 0
