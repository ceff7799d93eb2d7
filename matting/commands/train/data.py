"""The data of `train` and its validation: foregrounds on backgrounds, or photos with mattes as they are."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands.train.options import TrainOptions

if TYPE_CHECKING:
    import numpy as np

    from matting.data.composites.compose import CompositeData
    from matting.data.datasets import ForegroundSource
    from matting.data.layouts import Example
    from matting.data.photos.with_mattes import PhotoData
    from matting.training.schedules import Schedule
    from matting.training.validation import HeldOutExample

COMPOSITES = ("realistic", "hard", "magnified", "photographed", "objects", "paper")
"""Names of the settings in `matting.data.composites.settings`."""


@dataclass(frozen=True)
class Sources:
    """What the options name.

    Attributes:
        foregrounds: to be put before the photos; None where photos with mattes are the input.
        examples: those photos with their mattes.
        photos: backgrounds, uint8 (H, W, 3).
    """

    foregrounds: ForegroundSource | None
    examples: Sequence[Example]
    photos: Sequence[np.ndarray]

    def __len__(self) -> int:
        """Count the foregrounds, or the photos with mattes."""
        return len(self.examples if self.foregrounds is None else self.foregrounds)


def add_arguments(group: argparse._ArgumentGroup) -> None:
    """Declare the options."""
    group.add_argument(
        "--data",
        nargs="+",
        default=[],
        metavar="LAYOUT:ROOT",
        help="data sets as they are published: foregrounds, photos with mattes, or backgrounds (bg20k); for adaptation "
        "photos:DIR, any photos",
    )
    group.add_argument("--pool", type=Path, nargs="+", default=[], metavar="DIR", help="folders of drawn foregrounds")
    group.add_argument("--photos", type=Path, nargs="+", default=[], metavar="DIR", help="folders of background photos")
    group.add_argument(
        "--held-out", nargs="*", default=[], metavar="END", help="background photos whose name ends so are not used"
    )
    group.add_argument(
        "--composites",
        choices=COMPOSITES,
        help="how composites are made (default: realistic; paper with the paper's configurations)",
    )
    group.add_argument(
        "--guidance",
        type=Path,
        metavar="DIR",
        help="coarse masks (for tgn, adaptation) or TGN's trimaps (for spamattnet) of the photos (default: from alpha)",
    )
    group.add_argument(
        "--validate",
        type=Path,
        nargs="+",
        metavar="DIR",
        default=[],
        help="a pool of held-out foregrounds, a folder in alphamatting.com's layout, or both",
    )
    group.add_argument(
        "--validate-every", type=float, default=30, metavar="MINUTES", help="how often to validate (default: 30)"
    )
    group.add_argument(
        "--validate-count", type=int, default=16, metavar="N", help="how many held-out composites (default: 16)"
    )


def find_sources(options: TrainOptions) -> Sources:
    """Find what the options name: composites where there are backgrounds and no preset, else photos with mattes.

    Raises:
        ValueError: where the options do not fit together, or what they name cannot be used.
    """
    from matting.data.datasets import foreground_sources, gives_backgrounds, training_examples

    separate = [spec for spec in options.data if gives_backgrounds(spec)]
    specs = [spec for spec in options.data if spec not in separate]
    if not specs and not options.pool:
        raise ValueError("There is nothing to learn from: give --pool DIR or --data LAYOUT:ROOT.")
    photos = backgrounds(separate, options.photos, options.held_out)
    if len(photos) and not options.preset:
        if options.guidance:
            raise ValueError("--guidance belongs to photos with mattes: leave out the backgrounds, or give --preset.")
        return Sources(foreground_sources(specs, options.pool), (), photos)
    if options.pool:
        raise ValueError("A pool needs backgrounds and no --preset: give --photos DIR or --data bg20k:ROOT.")
    if options.composites:
        raise ValueError("--composites needs backgrounds and no --preset: give --photos DIR or --data bg20k:ROOT.")
    examples = [example for spec in specs for example in training_examples(spec)]
    if alone := next((example.name for example in examples if example.image is None), None):
        raise ValueError(
            f"{alone} is a foreground without a photo: it needs backgrounds and no --preset; give --photos DIR."
        )
    return Sources(None, _guided(options, examples), photos)


def made(options: TrainOptions, schedule: Schedule, sources: Sources) -> CompositeData | PhotoData:
    """Make composites of the sources, or take their photos as they are."""
    from matting.data.photos.with_mattes import PhotoData

    if sources.foregrounds is None:
        return PhotoData(sources.examples, schedule.photos(), options.seed)
    return _composed(options, schedule, sources.foregrounds, sources.photos, options.seed)


def held_out(
    options: TrainOptions, schedule: Schedule, photos: Sequence[np.ndarray]
) -> tuple[CompositeData | None, list[HeldOutExample]]:
    """Return what is to be looked at meanwhile: composites and whole photos.

    Raises:
        ValueError: where what the options name cannot be used.
    """
    from matting.data.datasets import foreground_sources
    from matting.training.validation import SEED, read_photos

    roots = [root for root in options.validate if (root / "input_training_lowres").is_dir()]
    pools = [root for root in options.validate if root not in roots]
    if pools and not len(photos):
        raise ValueError("Held-out composites need backgrounds; give --photos.")
    composed = _composed(options, schedule, foreground_sources([], pools), photos, SEED) if pools else None
    return composed, [example for root in roots for example in read_photos(root, options.stage)]


def _composed(
    options: TrainOptions,
    schedule: Schedule,
    foregrounds: ForegroundSource,
    photos: Sequence[np.ndarray],
    seed: int,
) -> CompositeData:
    from matting.data.composites.compose import CompositeData
    from matting.data.composites.settings import COMPOSITES

    settings = COMPOSITES[composites(options)]
    if settings.objects and options.stage in ("spamattnet", "u2net"):
        raise ValueError(f"--composites objects shows TGN its masks; for {options.stage} choose other ones.")
    return CompositeData(foregrounds, photos, schedule.crop, seed, settings)


def composites(options: TrainOptions) -> str:
    """Return the name of the settings by which composites are made."""
    return options.composites or ("paper" if options.config in ("paper", "paper_star") else "realistic")


def backgrounds(specs: Sequence[str], folders: Sequence[Path], held_out: Sequence[str] = ()) -> Sequence[np.ndarray]:
    """Hold the photos of folders in memory; a data set's, or those of which some are held out, are read when needed."""
    from matting.data.datasets import background_photos
    from matting.data.pools.pool import load_textures

    return background_photos(specs, folders, held_out) if specs or held_out else load_textures(folders)


def _guided(options: TrainOptions, examples: Sequence[Example]) -> Sequence[Example]:
    from matting.data.photos.with_mattes import guided
    from matting.training.stages import STAGES

    if not options.guidance:
        return examples
    kind = STAGES[options.stage].guidance
    if not kind:
        raise ValueError(f"Nothing guides {options.stage}; leave out --guidance.")
    return guided(examples, **{kind: options.guidance})
