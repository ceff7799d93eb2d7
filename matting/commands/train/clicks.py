"""`train clicks`: the meaning of the options when ClickNet learns from a pool of scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matting.commands.train.job import Work, begin, changes
from matting.commands.train.options import TrainOptions

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

UNUSED = ("data", "photos", "guidance", "validate", "composites", "preset", "without", "no_enlarge", "teacher")


def prepare(options: TrainOptions) -> Work:
    """Check and resolve the options of `train clicks`.

    Raises:
        ValueError: where the options do not fit together, or what they name cannot be used.
    """
    from functools import partial

    import torch

    from matting.data.scenes.pool import beginner, read_scenes
    from matting.data.scenes.samples import ClickSamples
    from matting.networks.clicknet import CONFIGS
    from matting.networks.weights import load_network_weights
    from matting.training.checkpoint import as_settings
    from matting.training.dialogue import click_loss
    from matting.training.learning import Learning
    from matting.training.schedules import find_schedule

    if options.config not in CONFIGS:
        raise ValueError(f"clicks has the configurations {', '.join(CONFIGS)}, got {options.config}.")
    if unused := [name for name in UNUSED if getattr(options, name)]:
        raise ValueError(f"--{unused[0].replace('_', '-')} is not for clicks; leave it out.")
    if not options.pool:
        raise ValueError("ClickNet learns from scenes: give --pool DIR, as `pool scenes` makes it.")
    config = CONFIGS[options.config]
    schedule = find_schedule("clicks", options.config, **changes(options))
    if schedule.crop != config.side:
        raise ValueError(f"ClickNet {options.config} sees {config.side} pixels; leave out --crop.")
    paths = [path for pool in options.pool for path in read_scenes(pool)]
    accelerator = begin(options, schedule)
    network = beginner(config)
    if options.source:
        load_network_weights(network, options.source)
    return Work(
        schedule,
        accelerator,
        network.to(memory_format=torch.channels_last),
        Learning,
        partial(click_loss, rounds=schedule.rounds),
        ClickSamples(paths, schedule.steps * schedule.batch, options.seed),
        {"config": as_settings(config), "seed": options.seed, "batch": schedule.batch},
        None,
        options.out or options.run / "clicks.safetensors",
        write,
    )


def write(network: nn.Module, path: Path) -> None:
    """Write ClickNet's weights, float16."""
    import torch

    from matting.networks.weights import save_weights

    save_weights(network, path, dtype=torch.float16)
