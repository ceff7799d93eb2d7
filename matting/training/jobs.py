"""A call per stage: it takes data, a network's configuration and a schedule, trains in a folder, returns the network.

>>> from matting.training import Schedule, train
>>> tgn = train("tgn", data, Schedule(steps=480, batch=4), "runs/tgn", minutes=3)  # doctest: +SKIP

The same call goes on with the run that stands in its folder. Ctrl-C, or a notebook's stop button, writes a checkpoint
and says so. The command line makes the same `Job`s from its options.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.data import Dataset

from matting.data.composites.compose import CompositeData
from matting.data.composites.settings import COMPOSITES
from matting.data.photos.with_mattes import PhotoData
from matting.data.photos.without_mattes import AdaptationSamples, UnlabelledData
from matting.data.scenes.pool import beginner, read_scenes
from matting.data.scenes.samples import ClickSamples
from matting.networks import clicknet
from matting.networks.discriminator import PatchDiscriminator, PatchDiscriminatorConfig
from matting.networks.spamattnet import SPAMattNet
from matting.networks.weights import find_folder, load_network_weights, load_pair
from matting.training import engine, loop
from matting.training.adaptation import Adaptation, Generator, Judges
from matting.training.batches import Batch, split
from matting.training.checkpoint import as_settings
from matting.training.dialogue import click_loss
from matting.training.learning import Learning
from matting.training.observers import Observer, ProgressBar
from matting.training.schedules import ADAPTATION_SMALL, AdaptationSchedule, ClickSchedule, Schedule
from matting.training.stages import STAGES, TGN_STAGE, with_imagenet
from matting.training.validation import HeldOutExample, Validation, judge_joint

Start = nn.Module | Path | str | None
"""What a network starts from: another one's weights, a file of weights, "imagenet" for its encoder, or chance."""


@dataclass(frozen=True)
class Job:
    """A training, ready to begin or to go on; making one checks everything that can be checked before the first step.

    Attributes:
        schedule: by what it learns.
        accelerator: Accelerate's.
        network: what the run starts from.
        learning: how a step is taken.
        loss: what `learning` takes beside the network.
        samples: what it learns from.
        settings: what a run that goes on must share with its checkpoint.
        validation: what to look at meanwhile.
        accumulate: passes in which a process takes its share of a batch.
    """

    schedule: Schedule
    accelerator: Accelerator
    network: nn.Module
    learning: Callable[..., Learning]
    loss: Callable[[nn.Module, Batch], Tensor] | Judges
    samples: Dataset[Batch]
    settings: dict[str, Any]
    validation: Validation | None
    accumulate: int

    def run(
        self,
        folder: Path | str,
        *,
        minutes: float = math.inf,
        look_every: float = 0.5,
        observers: Sequence[Observer] | None = None,
        workers: int = 0,
        change_schedule: bool = False,
    ) -> nn.Module:
        """Train in a folder, or go on with the run that stands there; returns the averaged network in eval mode.

        Args:
            folder: holds checkpoint.pt and log.csv.
            minutes: after so many it stops, with a checkpoint, and returns what there is.
            look_every: minutes between two looks at held-out examples; there is always one after the last step.
            observers: who is told of steps and looks; by default a progress bar. log.csv is always written.
            workers: processes that make samples. Data of classes that a notebook defines needs 0.
            change_schedule: go on by another schedule than the checkpoint's.

        Raises:
            ValueError: where the run in the folder is of other settings, or a sample cannot be read.
            FloatingPointError: where the loss or its gradient is not finite; the last checkpoint is kept.
            OSError: where the disk is full; the last checkpoint is kept.
            StoppedError: a KeyboardInterrupt, after Ctrl-C or a stop button; a checkpoint is written.
        """
        return loop.train(
            self.network,
            self.samples,
            self.loss,
            self.schedule,
            Path(folder),
            self.settings,
            accelerator=self.accelerator,
            accumulate=self.accumulate,
            time_limit=60 * minutes,
            workers=workers,
            change_schedule=change_schedule,
            validation=self.validation,
            validate_every=60 * look_every,
            learning=self.learning,
            observers=(ProgressBar(),) if observers is None else observers,
        )


def train(
    stage: str,
    data: CompositeData | PhotoData,
    schedule: Schedule,
    folder: Path | str,
    *,
    config: object = "small",
    start: Start = "imagenet",
    held_out: CompositeData | PhotoData | None = None,
    looks: int = 8,
    device: str = "auto",
    **running: Any,
) -> nn.Module:
    """Train TGN, SPAMattNet, U2Net or a baseline; returns the averaged network.

    Args:
        stage: one of `stages.STAGES`.
        data: from `matting.data`; its seed is the run's, and its crop takes the place of the schedule's.
        schedule: steps, batch, rate and the rest.
        folder: the run's folder.
        config: the network's configuration, or the name of one.
        start: what the network starts from.
        held_out: data to look at meanwhile, of other foregrounds.
        looks: how many samples of it.
        device: "auto", "cpu", "cuda" or "mps".
        **running: what `Job.run` takes: minutes, look_every, observers, workers, change_schedule.

    Raises:
        ValueError: where these do not fit together; and what `Job.run` raises.
    """
    job = stage_job(
        stage,
        data,
        schedule,
        config=config,
        start=start,
        held_out=held_out,
        looks=looks,
        accelerator=engine.start(device),
    )
    return job.run(folder, **running)


def adapt(
    data: UnlabelledData,
    folder: Path | str,
    schedule: AdaptationSchedule = ADAPTATION_SMALL,
    *,
    start: Generator | Path | str | None = None,
    teacher: SPAMattNet | None = None,
    held_out: Sequence[HeldOutExample] = (),
    device: str = "auto",
    **running: Any,
) -> Generator:
    """Adapt TGN and SPAMattNet to photos without mattes (Section IV-B4); returns both, averaged.

    Args:
        data: from `matting.data.photos_without_mattes`; crop, batch and band are its own.
        folder: the run's folder.
        schedule: steps, rate, λ and the rest.
        start: trained networks, or a folder of them; by default the bundled ones.
        teacher: G'; by default what SPAMattNet is at the start.
        held_out: photos with coarse masks and true alphas, to look at meanwhile.
        device: "auto", "cpu", "cuda" or "mps".
        **running: what `Job.run` takes: minutes, look_every, observers, workers, change_schedule.

    Raises:
        ValueError: where these do not fit together; and what `Job.run` raises.
    """
    job = adaptation_job(
        data, schedule, start=start, teacher=teacher, held_out=held_out, accelerator=engine.start(device)
    )
    return job.run(folder, **running)


def train_clicks(
    pool: Path | str,
    schedule: ClickSchedule,
    folder: Path | str,
    *,
    config: clicknet.ClickNetConfig | str = "small",
    start: Start = None,
    seed: int = 0,
    device: str = "auto",
    **running: Any,
) -> clicknet.ClickNet:
    """Train ClickNet on the scenes of a pool, as `pool scenes` makes it; returns the averaged network.

    `start` is by default the published networks and, beside them, chance; the rest is as in `train`.

    Raises:
        ValueError: where these do not fit together; and what `Job.run` raises.
    """
    config = _named("clicks", clicknet.CONFIGS, config, start)
    job = clicks_job(
        read_scenes(Path(pool)),
        replace(schedule, crop=config.side),
        config=config,
        start=start,
        seed=seed,
        accelerator=engine.start(device),
    )
    return job.run(folder, **running)


def stage_job(
    stage: str,
    data: CompositeData | PhotoData,
    schedule: Schedule,
    *,
    config: object = "small",
    start: Start = "imagenet",
    held_out: CompositeData | PhotoData | None = None,
    photos: Sequence[HeldOutExample] = (),
    looks: int = 8,
    accelerator: Accelerator | None = None,
    accumulate: int = 1,
) -> Job:
    """Prepare the training of one network, see `train`; `photos` are whole ones to look at.

    Raises:
        ValueError: where these do not fit together.
    """
    if stage not in STAGES:
        raise ValueError(f"The stages of one network are {', '.join(STAGES)}, but {stage!r} was asked for.")
    kind, seed = STAGES[stage], data.seed
    crop = data.crop if isinstance(data, CompositeData) else data.settings.crop
    schedule = replace(schedule, crop=crop)
    accelerator = begin(schedule, seed, accelerator, accumulate, kind.least)
    network = started(kind.build, kind.fill, _named(stage, kind.configs, config, start), start)
    check_crop(schedule, network.config.multiple)
    if isinstance(data, PhotoData) and getattr(network.config, "decoder", None) == "progressive":
        raise ValueError(
            "SPAMattNet*'s composition loss needs the layers of composites: give backgrounds (--photos), no --preset."
        )
    loss = kind.loss(network.config, schedule)
    seen = None if held_out is None else kind.samples(held_out, schedule, looks)
    settings = {
        "config": as_settings(network.config),
        "seed": seed,
        "batch": schedule.batch,
        "crop": crop,
        "composites": composites_name(data),
    }
    return Job(
        schedule,
        accelerator,
        network,
        Learning,
        loss,
        kind.samples(data, schedule),
        settings,
        Validation(loss, kind.judge, kind.score, seen, photos) if seen is not None or photos else None,
        accumulate,
    )


def adaptation_job(
    data: UnlabelledData,
    schedule: AdaptationSchedule,
    *,
    start: Generator | Path | str | None = None,
    teacher: SPAMattNet | None = None,
    held_out: Sequence[HeldOutExample] = (),
    accelerator: Accelerator | None = None,
    accumulate: int = 1,
) -> Job:
    """Prepare an adaptation, see `adapt`.

    Raises:
        ValueError: where these do not fit together.
    """
    schedule = replace(schedule, crop=data.crop, batch=data.batch, band=data.band)
    accelerator = begin(schedule, data.seed, accelerator, accumulate, TGN_STAGE.least)
    if accelerator.scaler is not None:
        raise ValueError("float16 scales one loss, and the adaptation has two; use bfloat16 or float32.")
    network = deepcopy(start) if isinstance(start, Generator) else Generator(**load_pair(find_folder(start)))
    network = network.to(memory_format=torch.channels_last)
    check_crop(schedule, network.config.multiple)
    discriminator = PatchDiscriminator(PatchDiscriminatorConfig())
    settings = {
        "config": as_settings(network.config),
        "discriminator": as_settings(discriminator.config),
        "seed": data.seed,
        "batch": schedule.batch,
        "crop": schedule.crop,
    }
    return Job(
        schedule,
        accelerator,
        network,
        Adaptation,
        Judges(discriminator, teacher or network.spamattnet),
        AdaptationSamples(data, schedule.steps * schedule.batch),
        settings,
        Validation(None, judge_joint, "sad", photos=held_out) if held_out else None,
        accumulate,
    )


def clicks_job(
    scenes: Sequence[Path],
    schedule: ClickSchedule,
    *,
    config: clicknet.ClickNetConfig,
    start: Start = None,
    seed: int = 0,
    accelerator: Accelerator | None = None,
    accumulate: int = 1,
) -> Job:
    """Prepare ClickNet's training on the scenes of a pool.

    Raises:
        ValueError: where these do not fit together.
    """
    if schedule.crop != config.side:
        raise ValueError(f"This ClickNet sees {config.side} pixels, got a crop of {schedule.crop}; leave out --crop.")
    accelerator = begin(schedule, seed, accelerator, accumulate)
    return Job(
        schedule,
        accelerator,
        started(beginner, load_network_weights, config, start),
        Learning,
        partial(click_loss, rounds=schedule.rounds),
        ClickSamples(scenes, schedule.steps * schedule.batch, seed),
        {"config": as_settings(config), "seed": seed, "batch": schedule.batch},
        None,
        accumulate,
    )


def begin(
    schedule: Schedule, seed: int, accelerator: Accelerator | None, accumulate: int, least: int = 1
) -> Accelerator:
    """Join the processes, check that a batch splits into passes of `least` (1 or 2) samples, and seed the networks."""
    accelerator = accelerator or engine.start()
    if split(schedule.batch, accumulate, accelerator.num_processes) < least:
        raise ValueError("Batch norms need two photos in each pass of a process; choose a larger batch (--batch).")
    torch.manual_seed(seed)
    return accelerator


def started(
    build: Callable[[Any], nn.Module], fill: Callable[[nn.Module, Path], None], config: object, start: Start
) -> nn.Module:
    """Build a network and fill it from its start; a network that is given stays as it is."""
    network = build(config)
    if isinstance(start, nn.Module):
        network.load_state_dict(start.state_dict())
    elif start == "imagenet":
        network = with_imagenet(network)
    elif start is not None:
        fill(network, Path(start))
    return network.to(memory_format=torch.channels_last)


def check_crop(schedule: Schedule, multiple: int) -> None:
    """Raise ValueError where a network cannot take the schedule's crops."""
    if schedule.crop < 1 or schedule.crop % multiple:
        raise ValueError(f"The crop (--crop) should be a multiple of {multiple} pixels, got {schedule.crop}.")


def composites_name(data: CompositeData | PhotoData) -> str | None:
    """Name how composites are made; None for photos.

    What there was before there was a choice, "realistic", goes without saying: the first runs' checkpoints do not name
    it.
    """
    if isinstance(data, PhotoData) or data.settings is COMPOSITES["realistic"]:
        return None
    return next((name for name, known in COMPOSITES.items() if known is data.settings), "own")


def _named(stage: str, configs: dict[str, object], config: object, start: Start) -> object:
    """Return a configuration: that of a network to start from, or the one of a name."""
    if isinstance(start, nn.Module):
        return start.config
    if isinstance(config, str) and config not in configs:
        raise ValueError(f"{stage} has the configurations {', '.join(configs)}, got {config}.")
    return configs[config] if isinstance(config, str) else config
