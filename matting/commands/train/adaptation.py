"""`train adaptation`: the meaning of the options when TGN and SPAMattNet learn together from photos without mattes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands.train.job import Work, begin, changes, check_crop
from matting.commands.train.options import TrainOptions

if TYPE_CHECKING:
    from matting.data.photos.without_mattes import UnlabelledData
    from matting.networks.spamattnet import SPAMattNet
    from matting.training.adaptation import Generator
    from matting.training.schedules import AdaptationSchedule
    from matting.training.validation import Validation


def prepare(options: TrainOptions) -> Work:
    """Check and resolve the options of `train adaptation`.

    Raises:
        ValueError: where the options do not fit together, or what they name cannot be used.
    """
    from matting.data.photos.without_mattes import AdaptationSamples
    from matting.networks.discriminator import PatchDiscriminator, PatchDiscriminatorConfig
    from matting.training.adaptation import Adaptation, Judges
    from matting.training.batches import split
    from matting.training.checkpoint import as_settings
    from matting.training.schedules import SCHEDULES, find_schedule

    if options.config not in SCHEDULES["adaptation"]:
        known = ", ".join(SCHEDULES["adaptation"])
        raise ValueError(f"adaptation has the configurations {known}, got {options.config}.")
    _check_options(options)
    schedule = find_schedule("adaptation", options.config, **changes(options))
    data = _data(options, schedule)
    accelerator = begin(options, schedule)
    if split(schedule.batch, options.accumulate, accelerator.num_processes) == 1:
        raise ValueError("TGN's batch norms need two photos in each pass of a process; choose a larger --batch.")
    if accelerator.scaler is not None:
        raise ValueError("float16 scales one loss, and the adaptation has two; use bfloat16 or float32.")
    network = _generator(options)
    check_crop(schedule, network.config.multiple)
    discriminator = PatchDiscriminator(PatchDiscriminatorConfig())
    settings = {
        "config": as_settings(network.config),
        "discriminator": as_settings(discriminator.config),
        "seed": options.seed,
        "batch": schedule.batch,
        "crop": schedule.crop,
    }
    return Work(
        schedule,
        accelerator,
        network,
        Adaptation,
        Judges(discriminator, _teacher(options) or network.spamattnet),
        AdaptationSamples(data, schedule.steps * schedule.batch),
        settings,
        _validation(options),
        options.out or options.run / "weights",
        write_pair,
    )


def write_pair(network: Generator, folder: Path) -> None:
    """Write both networks to a folder that `MattingPipeline.from_pretrained` reads."""
    import torch

    from matting.networks.weights import FILES, save_weights

    for name, file in FILES.items():
        save_weights(getattr(network, name), folder / file, dtype=torch.float16)


def _check_options(options: TrainOptions) -> None:
    """Refuse options of other stages."""
    given = ("pool", "composites", "preset", "without", "no_enlarge")
    if unused := [name for name in given if getattr(options, name)]:
        option = unused[0].replace("_", "-")
        raise ValueError(f"--{option} is not for adaptation; leave it out.")
    if options.config != "small" and options.source is None:
        raise ValueError(
            f"The adaptation goes on from trained networks, and none of {options.config} are bundled; name a folder of "
            "tgn.safetensors and spamattnet.safetensors by --from."
        )


def _data(options: TrainOptions, schedule: AdaptationSchedule) -> UnlabelledData:
    from matting.commands.train.data import backgrounds
    from matting.data.datasets import gives_backgrounds
    from matting.data.photos.without_mattes import UnlabelledData, unlabelled_examples

    separate = [spec for spec in options.data if gives_backgrounds(spec)]
    specs = [spec for spec in options.data if spec not in separate]
    if not specs:
        raise ValueError("There are no photos to adapt to: give --data photos:DIR and their masks by --guidance DIR.")
    if not separate and not options.photos:
        raise ValueError("The adaptation needs other backgrounds too: give --photos DIR or --data bg20k:ROOT.")
    examples = unlabelled_examples(specs, options.guidance)
    photos = backgrounds(separate, options.photos)
    return UnlabelledData(examples, photos, schedule.crop, schedule.band, schedule.batch, options.seed)


def _generator(options: TrainOptions) -> Generator:
    """Join the trained networks, of whatever configuration they are."""
    import torch

    from matting.networks.weights import find_folder, load_pair
    from matting.training.adaptation import Generator

    network = Generator(**load_pair(find_folder(options.source)))
    return network.to(memory_format=torch.channels_last)


def _teacher(options: TrainOptions) -> SPAMattNet | None:
    """Load G' if it is not SPAMattNet's own start."""
    from matting.networks.spamattnet import SPAMattNet
    from matting.networks.weights import load_weights

    network = load_weights(options.teacher) if options.teacher else None
    if not isinstance(network, SPAMattNet | None):
        raise ValueError(f"{options.teacher} should hold weights of SPAMattNet, but holds {type(network).__name__}'s.")
    return network


def _validation(options: TrainOptions) -> Validation | None:
    from matting.training.validation import Validation, judge_joint, read_photos

    if other := [root for root in options.validate if not (root / "input_training_lowres").is_dir()]:
        raise ValueError(f"--validate takes photos in alphamatting.com's layout for adaptation, but {other[0]} is not.")
    examples = [example for root in options.validate for example in read_photos(root, "adaptation")]
    return Validation(options.run, None, judge_joint, "sad", photos=examples) if examples else None
