"""What `train` learns from and looks at: composites of a pool, or photographs with mattes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn
    from torch.utils.data import Dataset

    from matting.training.batches import Batch
    from matting.training.recipes import Recipe
    from matting.training.validation import Validation

    Data = tuple[Dataset[Batch], Validation | None]
    """The samples, and what to look at while training."""


def add_arguments(group: argparse._ArgumentGroup) -> None:
    """Declare the options."""
    group.add_argument("--pool", type=Path, nargs="+", metavar="DIR", help="folders of foregrounds")
    group.add_argument("--photos", type=Path, nargs="+", metavar="DIR", help="folders of background photos")
    group.add_argument("--images", type=Path, metavar="DIR", help="photographs with mattes, instead of a pool")
    group.add_argument("--alphas", type=Path, metavar="DIR", help="their alpha mattes, of the same names")
    group.add_argument(
        "--guidance", type=Path, metavar="DIR", help="their coarse masks (for tgn) or TGN's trimaps (for spamattnet)"
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
        "--validate-every", type=float, default=30, metavar="MINUTES", help="how often to look (default: 30)"
    )
    group.add_argument(
        "--validate-count", type=int, default=16, metavar="N", help="how many held-out composites (default: 16)"
    )


def prepare(
    args: argparse.Namespace,
    recipe: Recipe,
    config: object,
    loss: Callable[[nn.Module, Batch], Tensor],
) -> Data:
    """Return the samples, and what to look at meanwhile.

    Raises:
        ValueError: where the folders do not fit together, or what they hold cannot be used.
    """
    from matting.data.pool import load_textures
    from matting.training.photographs import find_photographs
    from matting.training.stages import STAGES, composite_data

    stage = STAGES[args.stage]
    photos = load_textures(args.photos) if args.photos else []
    if all((args.pool, args.photos)) and not any((args.images, args.alphas, args.guidance)):
        samples = stage.composites(composite_data(args.pool, photos, recipe.crop, args.seed), recipe)
    elif all((args.images, args.alphas, args.guidance)) and not args.pool:
        if getattr(config, "decoder", None) == "progressive":
            raise ValueError("SPAMattNet*'s composition loss needs the layers of composites; give --pool and --photos.")
        found = find_photographs(args.images, args.alphas, args.guidance)
        samples = stage.photographs(found, recipe, args.seed)
    else:
        raise ValueError("Give --pool and --photos for composites, or --images, --alphas and --guidance for photos.")
    return samples, _validation(args, recipe, loss, photos)


def _validation(
    args: argparse.Namespace,
    recipe: Recipe,
    loss: Callable[[nn.Module, Batch], Tensor],
    photos: list[np.ndarray],
) -> Validation | None:
    from matting.training.stages import STAGES, composite_data
    from matting.training.validation import SEED, Validation, read_photos

    if not args.validate:
        return None
    stage = STAGES[args.stage]
    roots = [root for root in args.validate if (root / "input_training_lowres").is_dir()]
    pools = [root for root in args.validate if root not in roots]
    composites = None
    if pools:
        if not photos:
            raise ValueError("Held-out composites need backgrounds; give --photos.")
        data = composite_data(pools, photos, recipe.crop, SEED)
        composites = stage.composites(data, replace(recipe, steps=1, batch=args.validate_count))
    examples = [example for root in roots for example in read_photos(root, args.stage)]
    return Validation(args.run, loss, stage.judge, stage.score, composites, examples)
