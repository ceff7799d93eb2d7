"""`python -m matting.app.examples.make`: makes all that is shipped with the example photos anew.

To be run whenever the bundled weights change; a test compares their fingerprint with the recipes'.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from matting.app.examples.outputs import OUTPUTS, make, write
from matting.app.parts.assets import captioned
from matting.pipeline import MattingPipeline


def main(arguments: list[str] | None = None) -> None:
    """Write the outputs of every example photo by the bundled weights."""
    parser = argparse.ArgumentParser(prog="python -m matting.app.examples.make", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=OUTPUTS, help="default: where the demo looks for them")
    out = parser.parse_args(arguments).out
    pipeline = MattingPipeline.from_pretrained(device="cpu")
    for path, caption in captioned("examples"):
        example = make(Path(path), pipeline)
        shutil.rmtree(out / example.photo.name, ignore_errors=True)
        write(example, out)
        print(f"{caption}: {example.recipe.alpha[:12]}", flush=True)


if __name__ == "__main__":
    main()
