"""`train adaptation`: the meaning of the options when TGN and SPAMattNet learn together from photos without mattes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands.train.options import TrainOptions
from matting.commands.train.prepared import Prepared, changes

if TYPE_CHECKING:
    from matting.data.photos.without_mattes import UnlabelledData
    from matting.networks.spamattnet import SPAMattNet
    from matting.training.adaptation import Generator
    from matting.training.schedules import AdaptationSchedule
    from matting.training.validation import HeldOutExample


def prepare(options: TrainOptions) -> Prepared:
    """Check and resolve the options of `train adaptation`.

    Raises:
        ValueError: where the options do not fit together, or what they name cannot be used.
    """
    from matting.training import engine
    from matting.training.jobs import adaptation_job
    from matting.training.schedules import SCHEDULES, find_schedule

    if options.config not in SCHEDULES["adaptation"]:
        known = ", ".join(SCHEDULES["adaptation"])
        raise ValueError(f"adaptation has the configurations {known}, got {options.config}.")
    _check_options(options)
    schedule = find_schedule("adaptation", options.config, **changes(options))
    job = adaptation_job(
        _data(options, schedule),
        schedule,
        start=options.source,
        teacher=_teacher(options),
        held_out=_held_out(options),
        accelerator=engine.start(options.device, options.dtype),
        accumulate=options.accumulate,
    )
    return Prepared(job, options.out or options.run / "weights", write_pair)


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


def _teacher(options: TrainOptions) -> SPAMattNet | None:
    """Load G' if it is not SPAMattNet's own start."""
    from matting.networks.spamattnet import SPAMattNet
    from matting.networks.weights import load_weights

    network = load_weights(options.teacher) if options.teacher else None
    if not isinstance(network, SPAMattNet | None):
        raise ValueError(f"{options.teacher} should hold weights of SPAMattNet, but holds {type(network).__name__}'s.")
    return network


def _held_out(options: TrainOptions) -> list[HeldOutExample]:
    from matting.training.validation import read_photos

    if other := [root for root in options.validate if not (root / "input_training_lowres").is_dir()]:
        raise ValueError(f"--validate takes photos in alphamatting.com's layout for adaptation, but {other[0]} is not.")
    return [example for root in options.validate for example in read_photos(root, "adaptation")]
