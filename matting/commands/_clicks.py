"""`train clicks`: what the options mean where ClickNet learns from a pool of scenes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from matting.commands.train.job import Work, begin, changes

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

UNUSED = ("data", "photos", "guidance", "validate", "composites", "preset", "without", "no_enlarge", "teacher")


def prepare(args: argparse.Namespace) -> Work:
    """Understand the options of `train clicks`.

    Raises:
        ValueError: where the options do not fit together, or what they name cannot be used.
    """
    from functools import partial

    import torch

    from matting.data.click_samples import ClickSamples
    from matting.data.scene_pool import beginner, read_scenes
    from matting.networks.clicknet import CONFIGS
    from matting.networks.weights import load_network_weights
    from matting.training.checkpoint import as_settings
    from matting.training.dialogue import click_loss
    from matting.training.learning import Learning
    from matting.training.schedules import find_recipe

    if args.config not in CONFIGS:
        raise ValueError(f"clicks has the configurations {', '.join(CONFIGS)}, got {args.config}.")
    if unused := [name for name in UNUSED if getattr(args, name)]:
        raise ValueError(f"--{unused[0].replace('_', '-')} is not for clicks; leave it out.")
    if not args.pool:
        raise ValueError("ClickNet learns from scenes: give --pool DIR, as matting.data.scene_pool writes it.")
    config = CONFIGS[args.config]
    recipe = find_recipe("clicks", args.config, **changes(args))
    if recipe.crop != config.side:
        raise ValueError(f"ClickNet {args.config} sees {config.side} pixels; leave out --crop.")
    paths = [path for pool in args.pool for path in read_scenes(pool)]
    accelerator = begin(args, recipe)
    network = beginner(config)
    if args.source:
        load_network_weights(network, args.source)
    return Work(
        recipe,
        accelerator,
        network.to(memory_format=torch.channels_last),
        Learning,
        partial(click_loss, rounds=recipe.rounds),
        ClickSamples(paths, recipe.steps * recipe.batch, args.seed),
        {"config": as_settings(config), "seed": args.seed, "batch": recipe.batch},
        None,
        args.out or args.run / "clicks.safetensors",
        write,
    )


def write(network: nn.Module, path: Path) -> None:
    """Write ClickNet's weights, float16."""
    import torch

    from matting.networks.weights import save_weights

    save_weights(network, path, dtype=torch.float16)
