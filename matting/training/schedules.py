"""How each network is trained: the paper's schedules, those of its P3M-10k and AIM-500 runs too, in one place.

What the paper leaves open is marked [C]; `small` is ours throughout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Literal

from matting.data.composites.settings import PhotoSettings


@dataclass(frozen=True)
class Schedule:
    """How long, how fast and by which losses a network learns; the defaults are those of `small`.

    Attributes:
        steps: optimizer steps of the whole run; 0 where a schedule has no length of its own.
        batch: samples of one step, all processes and accumulated passes together.
        crop: side of a sample in pixels.
        rate: learning rate after the warm-up.
        warmup: steps over which the rate rises from zero.
        decay: how the rate falls to zero: "cosine", or "poly" (1 - t)^0.9.
        hold: share of the steps before the fall begins.
        ema: decay of the averaged weights; at 0 they are the last ones.
        clip: gradients longer than this many times their moving average are scaled down; 0 leaves all as they are.
        optimizer: "adamw", "adam", "muon" (with AdamW beside it) or "sgd".
        momenta: β₁ and β₂ of Adam; SGD's momentum is the first.
        weight_decay: of the optimizer.
        hard: weight of L_hard (Eq. 12) beside L_alpha (Eq. 11).
        laplacian: weight of the Laplacian loss beside Eq. 10.
        whole: weight of Eq. 10 over the whole image, beside the unknown region's.
        kernel: ellipse by which true trimaps are made from alpha, in pixels: TGN's truth, and where photos are cut.
        windows: sides of the windows that are cut out of photographs, one drawn for each, and resized to `crop`.
    """

    steps: int = 0
    batch: int = 8
    crop: int = 256
    rate: float = 1e-3
    warmup: int = 200
    decay: Literal["cosine", "poly"] = "cosine"
    hold: float = 0.0
    ema: float = 0.999
    clip: float = 2.0
    optimizer: Literal["adamw", "adam", "muon", "sgd"] = "adamw"
    momenta: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-4
    hard: float = 0.5
    laplacian: float = 0.5
    whole: float = 0.0
    kernel: int = 15
    windows: tuple[int, ...] = ()

    def factor(self, step: int) -> float:
        """Learning rate of a step, counted from 0, as a share of `rate`."""
        rise = min(1.0, (step + 1) / max(1, self.warmup))
        begin = self.hold * self.steps
        fall = min(1.0, max(0.0, (step - begin) / max(1.0, self.steps - begin)))
        return rise * ((1 - fall) ** 0.9 if self.decay == "poly" else 0.5 * (1 + math.cos(math.pi * fall)))

    @property
    def rates(self) -> tuple[float, ...]:
        """Learning rates of the network's parts: here it is one."""
        return (self.rate,)

    def photos(self) -> PhotoSettings:
        """Return how photographs with mattes are cut."""
        return PhotoSettings(self.crop, self.windows or (self.crop,), self.kernel)

    def __str__(self) -> str:
        values = (f"{field.name} {getattr(self, field.name)}" for field in fields(self))
        return ", ".join(values)


@dataclass(frozen=True)
class AdaptationSchedule(Schedule):
    """How TGN and SPAMattNet adapt to real photos (Section IV-B4); `rate` is TGN's, and the others follow it.

    Attributes:
        matting_share: SPAMattNet's rate as a share of `rate`.
        discriminator_share: the discriminator's rate as a share of `rate`.
        discriminator_every: the discriminator takes one step for so many of the generator's.
        weight: λ of Eq. 16 at the beginning.
        halving: steps after which λ is halved, and halved again.
        band: smallest and largest diameter of the ellipses that make the pseudo trimap T̃, in pixels at 512².
    """

    matting_share: float = 0.4
    discriminator_share: float = 0.1
    discriminator_every: int = 5
    weight: float = 0.5
    halving: int = 10_000
    band: tuple[int, int] = (10, 30)

    @property
    def rates(self) -> tuple[float, ...]:
        """Learning rates of TGN and of SPAMattNet."""
        return (self.rate, self.matting_share * self.rate)

    def weight_at(self, step: int) -> float:
        """Return λ at a step, counted from 0."""
        return self.weight * 0.5 ** (step // self.halving)

    def judged(self, step: int) -> bool:
        """Whether the discriminator learns at a step, counted from 0."""
        return (step + 1) % self.discriminator_every == 0


@dataclass(frozen=True)
class ClickSchedule(Schedule):
    """How ClickNet learns.

    Attributes:
        rounds: answers of one dialogue, each to one more click.
    """

    rounds: int = 2


# Section IV-B1. Poly, SGD and its settings [C], DeepLab's; neither clipping nor averaging.
TGN = Schedule(
    steps=129_300,
    batch=10,
    crop=512,
    rate=1e-3,
    warmup=0,
    decay="poly",
    ema=0,
    clip=0,
    optimizer="sgd",
    momenta=(0.9, 0),
    weight_decay=1e-4,
)
# Section IV-B2. The warm-up's length and clipping [C], GCA's.
SPAMATTNET = Schedule(
    steps=200_000,
    batch=40,
    crop=512,
    rate=4e-4,
    warmup=5000,
    ema=0,
    optimizer="adam",
    momenta=(0.5, 0.999),
    weight_decay=0,
    hard=1,
    laplacian=0,
)
# "Stronger Decoder and Loss Functions": the losses are in `losses.star_loss`, the rate is MGMatting's [C].
SPAMATTNET_STAR = replace(SPAMATTNET, rate=1e-3)
# Section IV-B6: fine-tuned by MSE. Adam at a constant rate [C], the official training's.
U2NET = Schedule(batch=32, crop=320, rate=1e-3, warmup=0, hold=1, ema=0, clip=0, optimizer="adam", weight_decay=0)
# Section IV-B4: λ, its halving, 100,000 steps of 6. Rates, Adam's momenta, clipping and the shares [C].
ADAPTATION = AdaptationSchedule(
    steps=100_000,
    batch=6,
    crop=512,
    rate=1e-4,
    warmup=0,
    hold=1,
    ema=0,
    optimizer="adam",
    momenta=(0.5, 0.999),
    weight_decay=0,
)
# Ours: as many halvings in a fiftieth of the steps.
ADAPTATION_SMALL = replace(ADAPTATION, steps=2000, crop=256, ema=0.99, halving=200)
CLICKS = ClickSchedule(batch=8, crop=384, rate=1.5e-3, warmup=50, hold=0.3, ema=0.995)
EPOCHS = {"u2net": 100}
"""How often a network sees every photo or foreground where its schedule has no number of steps."""

SCHEDULES = {
    "tgn": {"small": Schedule(), "paper": TGN, "paper_star": TGN},
    "spamattnet": {"small": Schedule(), "paper": SPAMATTNET, "paper_star": SPAMATTNET_STAR},
    "u2net": {"u2net": U2NET, "u2netp": U2NET},
    "clicks": {"small": CLICKS},
    "adaptation": {"small": ADAPTATION_SMALL, "paper": ADAPTATION, "paper_star": ADAPTATION},
}
BASELINES = ("deeplabv2", "deeplabv3")
SCHEDULES |= dict.fromkeys(BASELINES, SCHEDULES["tgn"])  # Table I's baselines learn like TGN
"""By network and configuration."""

P3M_WINDOWS, AIM_500_WINDOWS = (512, 768, 1024), (640, 960, 1280)
PRESETS = {
    "p3m": {  # Section IV-B6: TGN on U2Net's masks, SPAMattNet on TGN's trimaps
        "tgn": replace(TGN, steps=88_322, batch=16, kernel=30, windows=P3M_WINDOWS),
        "spamattnet": replace(SPAMATTNET, steps=300_000, batch=16, whole=1, windows=P3M_WINDOWS),
    },
    "aim-500": {  # Section IV-B7
        "tgn": replace(TGN, steps=120_550, batch=16, crop=320, kernel=30, windows=AIM_500_WINDOWS),
        "spamattnet": replace(SPAMATTNET, steps=120_550, batch=16, crop=320, whole=1, windows=AIM_500_WINDOWS),
    },
}
PRESETS = {
    name: schedules | dict.fromkeys(BASELINES, schedules["tgn"]) | {"u2net": U2NET}
    for name, schedules in PRESETS.items()
}
"""By name and network: how the paper trained on photographs with mattes."""


def find_schedule(stage: str, config: str, preset: str | None = None, examples: int = 0, **changes: object) -> Schedule:
    """Look up a schedule and change some of its values; None leaves a value as it is.

    Args:
        stage: the network.
        config: its configuration.
        preset: one of PRESETS.
        examples: photos or foregrounds there are, from which the steps of so many EPOCHS follow.
        **changes: other values than the schedule's.

    Raises:
        ValueError: where a value cannot be, or the schedule has no length and none is given.
    """
    schedule = PRESETS[preset][stage] if preset else SCHEDULES[stage][config]
    schedule = replace(schedule, **{name: value for name, value in changes.items() if value is not None})
    if changes.get("steps") is None and not schedule.steps:
        schedule = replace(schedule, steps=math.ceil(EPOCHS.get(stage, 0) * examples / max(1, schedule.batch)))
    if schedule.steps < 1:
        raise ValueError(f"The number of steps should be 1 or more, got {schedule.steps}; say it by --steps.")
    for name, low, high in (("batch", 1, math.inf), ("rate", 0, math.inf), ("hold", 0, 1), ("ema", 0, 1)):
        if not low <= getattr(schedule, name) <= high:
            raise ValueError(f"--{name} should lie between {low} and {high}, got {getattr(schedule, name)}.")
    return schedule
