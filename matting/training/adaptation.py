"""Real-data adaptation (Section IV-B4, Fig. 7): TGN and SPAMattNet learn from photos without a true alpha.

The generator G, both networks joined by soft fusion, is held by two others: a frozen SPAMattNet G', which sees a pseudo
trimap T̃ made from the coarse mask and gives the pseudo alpha α̃, and a discriminator D, which tells photos from
composites α̂ I + (1-α̂) B̄ before other backgrounds. Here α̂ is what G answers, fused; Eq. 15 calls the fused one α̃.
The paper names the losses and λ; that they are LSGAN's (Mao et al. 2017) is seen from the squares.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from matting.compositing import compose
from matting.inference.fusion import weighed
from matting.networks.discriminator import PatchDiscriminator
from matting.networks.spamattnet import SPAMattNet, SPAMattNetConfig
from matting.networks.tgn import TGN, TGNConfig
from matting.training.batches import Batch
from matting.training.engine import build_optimizer
from matting.training.learning import Learning
from matting.training.losses import alpha_loss, trimap_loss
from matting.training.run import begin, check_finite
from matting.training.schedules import AdaptationSchedule


@dataclass(frozen=True)
class GeneratorConfig:
    """The configurations of G's two networks."""

    tgn: TGNConfig
    spamattnet: SPAMattNetConfig

    @property
    def multiple(self) -> int:
        """Heights and widths of the input must be multiples of this many pixels."""
        return max(self.tgn.multiple, self.spamattnet.multiple)


class Generator(nn.Module):
    """G: alpha from an image and a coarse mask, by TGN and SPAMattNet joined by soft fusion."""

    def __init__(self, tgn: TGN, spamattnet: SPAMattNet) -> None:
        super().__init__()
        self.tgn, self.spamattnet = tgn, spamattnet
        self.config = GeneratorConfig(tgn.config, spamattnet.config)

    def forward(self, image: Tensor, coarse_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Trimap logits T̂ (B, 3, H, W) and the fused alpha α̂ (B, 1, H, W), float32, not clamped.

        SPAMattNet sees the most probable trimap, which has no gradient; TGN's comes through Eq. 15.

        Args:
            image: (B, 3, H, W) in [0, 1].
            coarse_mask: (B, 1, H, W) in [0, 1].
        """
        logits = self.tgn(image, coarse_mask).float()
        probabilities = logits.softmax(1)
        alpha = self.spamattnet(image, most_probable(probabilities)).alpha.float()
        return logits, weighed(alpha, probabilities[:, :1], probabilities[:, 2:])


def most_probable(probabilities: Tensor) -> Tensor:
    """Trimap (B, 1, H, W) in {0, 1/2, 1} of the most probable regions of (B, 3, H, W); ties stay unknown."""
    background, unknown, foreground = probabilities.detach().split(1, dim=1)
    certain = (foreground > unknown) & (foreground > background)
    empty = (background > unknown) & (background > foreground)
    return (1 + certain.to(probabilities.dtype) - empty.to(probabilities.dtype)) / 2


class GeneratorLosses(NamedTuple):
    """Eq. 16 and its three terms, scalars; the last two come without λ."""

    total: Tensor
    adversarial: Tensor
    cross_entropy: Tensor
    alpha: Tensor


def generator_losses(
    fake: Tensor, logits: Tensor, classes: Tensor, alpha: Tensor, pseudo_alpha: Tensor, weight: float
) -> GeneratorLosses:
    """What G minimises: E[(D(α̂ I + (1-α̂) B̄) - 1)²] + λ [L_ce(T̃, T̂) + L_α(α̃, α̂)] (Eq. 16).

    Args:
        fake: D's scores of the composites, (B, 1, h, w).
        logits: T̂, (B, 3, H, W).
        classes: T̃, (B, H, W): 0 background, 1 unknown, 2 foreground.
        alpha: α̂, (B, 1, H, W).
        pseudo_alpha: α̃, (B, 1, H, W) in [0, 1].
        weight: λ.
    """
    adversarial, cross_entropy = (fake - 1).square().mean(), trimap_loss(logits, classes)
    difference = alpha_loss(alpha, pseudo_alpha, torch.ones_like(alpha))  # over the whole image
    return GeneratorLosses(adversarial + weight * (cross_entropy + difference), adversarial, cross_entropy, difference)


def discriminator_loss(fake: Tensor, real: Tensor) -> Tensor:
    """What D minimises: E[(D(α̂ I + (1-α̂) B̄))²] + E[(D(I) - 1)²] (Eq. 17), of scores (B, 1, h, w); a scalar."""
    return fake.square().mean() + (real - 1).square().mean()


@dataclass(frozen=True)
class Judges:
    """What holds G.

    Attributes:
        discriminator: D, which learns.
        teacher: G', which does not; the paper's is fine-tuned to the kind of photos, on such as have mattes.
    """

    discriminator: PatchDiscriminator
    teacher: SPAMattNet


class Adaptation(Learning):
    """G learns by Eq. 16 at every step, D by Eq. 17 at every fifth, on the composites that G has just made.

    Attributes:
        teacher: a copy of G', in eval mode: neither its weights nor its statistics change.
        discriminator: D; `opponent` is D as Accelerate runs it, `optimizer` its own.
    """

    names = ("adversarial", "cross_entropy", "alpha", "weight", "discriminator")

    def __init__(
        self,
        network: Generator,
        judges: Judges,
        schedule: AdaptationSchedule,
        accelerator: Accelerator,
        state: dict[str, Any] | None,
    ) -> None:
        """Begin with G, D and G' as they are, or resume from a checkpoint's state."""
        self.schedule, self.accelerator = schedule, accelerator
        self.teacher = deepcopy(judges.teacher).eval().requires_grad_(False).to(accelerator.device)
        self.discriminator = judges.discriminator.to(accelerator.device).train()
        self.optimizer = accelerator.prepare_optimizer(build_optimizer([self.discriminator], schedule))
        self.opponent = accelerator.prepare_model(self.discriminator)
        self.run = begin(network, schedule, accelerator, state, (network.tgn, network.spamattnet))
        if state is not None:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])

    def prepare(self) -> None:
        """Clear the last step's gradients and set the next step's rates."""
        super().prepare()
        self.optimizer.zero_grad(set_to_none=True)
        schedule = self.schedule
        for group in self.optimizer.param_groups:
            group["lr"] = schedule.discriminator_share * schedule.rate * schedule.factor(self.run.step)

    def backward(self, batch: Batch, passes: int, *, last: bool) -> Tensor:
        """Add one pass's share of G's gradient, and of D's when it is its turn."""
        step, image = self.run.step, batch["image"].contiguous(memory_format=torch.channels_last)
        weight = self.schedule.weight_at(step)
        with self.alone(self.run.model, last):
            logits, alpha = self.run.model(image, batch["coarse_mask"])
            composite = compose(image, batch["background"], alpha)
            scores = self._judged(composite)
            pseudo = self._pseudo_alpha(image, batch["trimap"])
            losses = generator_losses(scores, logits, batch["classes"], alpha, pseudo, weight)
            self.accelerator.backward(losses.total / passes)
        own = scores.new_tensor(float("nan"))
        if self.schedule.judged(step):
            with self.alone(self.opponent, last):
                # In one pass: several processes' gradients meet once.
                own = discriminator_loss(*self.opponent(torch.cat([composite.detach(), image])).float().chunk(2))
                self.accelerator.backward(own / passes)
        return torch.stack([*losses, scores.new_tensor(weight), own]).detach() / passes

    def update(self, loss: float, *named: float) -> None:
        """Take G's step, and D's when it is its turn, or neither where one of them would not be finite."""
        judged = self.schedule.judged(self.run.step)
        if judged:
            check_finite(named[-1], "discriminator's loss", self.run.step)
            norm = nn.utils.get_total_norm([p.grad for p in self.discriminator.parameters()])
            check_finite(float(norm), "discriminator's gradient", self.run.step)
        super().update(loss)
        if judged:
            self.optimizer.step()

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on: D, its optimizer and G' too; every process must call this."""
        return super().state() | {name: part.state_dict() for name, part in self._parts().items()}

    def _parts(self) -> Mapping[str, Any]:
        optimizer = self.optimizer
        return {"teacher": self.teacher, "discriminator": self.discriminator, "discriminator_optimizer": optimizer}

    def _judged(self, composite: Tensor) -> Tensor:
        """D's scores with D's weights held: the gradient goes to the composite alone."""
        held = {name: parameter.detach() for name, parameter in self.discriminator.named_parameters()}
        return torch.func.functional_call(self.discriminator, held, (composite,)).float()

    @torch.no_grad()
    def _pseudo_alpha(self, image: Tensor, trimap: Tensor) -> Tensor:
        """α̃ by G' from the pseudo trimap T̃ (B, 1, H, W), known values written, in [0, 1]."""
        with self.accelerator.autocast():
            alpha = self.teacher(image, trimap).alpha.float().clamp(0, 1)
        return torch.where(trimap == 0.5, alpha, trimap)
