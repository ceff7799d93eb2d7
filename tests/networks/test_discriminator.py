import pytest
import torch

from matting.networks.discriminator import PatchDiscriminator, PatchDiscriminatorConfig

SMALL = PatchDiscriminatorConfig(width=4)


@pytest.mark.parametrize("size", [(64, 64), (64, 96), (128, 40)])
def test_there_is_one_score_for_each_patch(size):
    scores = PatchDiscriminator(SMALL)(torch.rand(2, 3, *size))
    assert scores.shape == (2, 1, size[0] // 8 - 2, size[1] // 8 - 2)


def test_by_default_it_is_pix2pixs():
    """Isola et al.'s C64-C128-C256-C512; the instance norms take the shifts' place."""
    network = PatchDiscriminator(PatchDiscriminatorConfig())
    widths = [module.out_channels for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    assert widths == [64, 128, 256, 512, 1]
    weights = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512)
    assert sum(parameter.numel() for parameter in network.parameters()) == weights + 64 + 1


def test_a_score_sees_seventy_pixels():
    """Without norms, which look at the whole image."""
    network = PatchDiscriminator(SMALL)
    for block in network.blocks[1:]:
        block[1] = torch.nn.Identity()
    image = torch.rand(1, 3, 256, 256, requires_grad=True)
    network(image)[0, 0, 15, 15].backward()
    seen = image.grad.abs().sum((0, 1)).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [70, 70]


def test_an_image_is_scored_as_if_it_were_alone():
    network, images = PatchDiscriminator(SMALL), torch.rand(3, 3, 64, 64)
    alone = torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(network(images), alone, rtol=1e-4, atol=1e-5)


def test_every_parameter_gets_a_finite_gradient():
    network = PatchDiscriminator(SMALL)
    network(torch.rand(2, 3, 64, 64)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 0, name


def test_it_learns_to_tell_grain_from_smoothness():
    network, grain = PatchDiscriminator(SMALL), torch.rand(4, 3, 64, 64)
    smooth = torch.nn.functional.avg_pool2d(grain, 9, 1, 4)
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(40):
        optimizer.zero_grad()
        (network(smooth).square().mean() + (network(grain) - 1).square().mean()).backward()
        optimizer.step()
    assert network(grain).mean() > 0.7 and network(smooth).mean() < 0.3
