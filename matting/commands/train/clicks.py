"""`train clicks`: the meaning of the options when ClickNet learns from a pool of scenes."""

from __future__ import annotations

from matting.commands.train.options import TrainOptions
from matting.commands.train.prepared import Prepared, changes, write_network

UNUSED = ("data", "photos", "guidance", "validate", "composites", "preset", "without", "no_enlarge", "teacher")


def prepare(options: TrainOptions) -> Prepared:
    """Check and resolve the options of `train clicks`.

    Raises:
        ValueError: where the options do not fit together, or what they name cannot be used.
    """
    from matting.data.scenes.pool import read_scenes
    from matting.networks.clicknet import CONFIGS
    from matting.training import engine
    from matting.training.jobs import clicks_job
    from matting.training.schedules import find_schedule

    if options.config not in CONFIGS:
        raise ValueError(f"clicks has the configurations {', '.join(CONFIGS)}, got {options.config}.")
    if unused := [name for name in UNUSED if getattr(options, name)]:
        raise ValueError(f"--{unused[0].replace('_', '-')} is not for clicks; leave it out.")
    if not options.pool:
        raise ValueError("ClickNet learns from scenes: give --pool DIR, as `pool scenes` makes it.")
    job = clicks_job(
        [path for pool in options.pool for path in read_scenes(pool)],
        find_schedule("clicks", options.config, **changes(options)),
        config=CONFIGS[options.config],
        start=options.source,
        seed=options.seed,
        accelerator=engine.start(options.device, options.dtype),
        accumulate=options.accumulate,
    )
    return Prepared(job, options.out or options.run / "clicks.safetensors", write_network)
