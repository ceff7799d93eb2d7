"""An adaptation of toys, whose every state matters: what tests of it share."""

from types import SimpleNamespace

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.utils.data import Dataset

from matting.networks.discriminator import PatchDiscriminator, PatchDiscriminatorConfig
from matting.networks.spamattnet import AlphaEstimate
from matting.training.adaptation import Adaptation, Generator, Judges
from matting.training.engine import start
from matting.training.loop import train
from matting.training.schedules import AdaptationSchedule

SIDE = 32
SCHEDULE = AdaptationSchedule(
    steps=11, batch=2, crop=SIDE, rate=1e-2, warmup=0, hold=1, optimizer="adam", momenta=(0.5, 0.999), halving=4
)


class ToyTGN(nn.Module):
    """Trimap logits by a convolution, a norm and dropout."""

    config = SimpleNamespace(multiple=1)

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.5))
        self.classify = nn.Conv2d(6, 3, 1)

    def forward(self, image, coarse_mask):
        return self.classify(self.layers(torch.cat([image, coarse_mask], 1)))


class ToySPAMattNet(nn.Module):
    """Alpha by two convolutions, spectral norm and batch norm."""

    config = SimpleNamespace(multiple=1)

    def __init__(self):
        super().__init__()
        first = spectral_norm(nn.Conv2d(4, 6, 3, padding=1))
        self.layers = nn.Sequential(first, nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 1, 1))

    def forward(self, image, trimap):
        return AlphaEstimate(self.layers(torch.cat([image, trimap], 1)).sigmoid(), {})


def generator(seed=0):
    torch.manual_seed(seed)
    return Generator(ToyTGN(), ToySPAMattNet())


class Samples(Dataset):
    """Sample i is a function of i: blobs of a colour before grain, and the masks of these blobs."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        rng = torch.Generator().manual_seed(index)
        mask = nn.functional.interpolate(torch.rand(1, 1, 4, 4, generator=rng), (SIDE, SIDE), mode="bilinear")[0]
        image, background = torch.rand(2, 3, SIDE, SIDE, generator=rng)
        classes = (mask[0] > 0.4).long() + (mask[0] > 0.6).long()
        return {
            "image": torch.where(mask > 0.5, torch.rand(3, 1, 1, generator=rng), image),
            "background": background,
            "coarse_mask": (mask > 0.5).float(),
            "classes": classes,
            "trimap": classes[None] / 2,
        }


def judges(network):
    """A new discriminator, and what SPAMattNet is as teacher."""
    return Judges(PatchDiscriminator(PatchDiscriminatorConfig(width=4)), network.spamattnet)


def adapt(folder, *, schedule=SCHEDULE, learning=Adaptation, seed=0, **options):
    network = generator(seed)
    samples = Samples(schedule.steps * schedule.batch)
    options = {"workers": 0, "accelerator": start("cpu")} | options
    return train(network, samples, judges(network), schedule, folder, {}, learning=learning, **options)


class Frozen(Adaptation):
    """Norms and dropout stand still, so that every image alone has a say in the gradient."""

    def prepare(self):
        super().prepare()
        self.run.network.eval()
