import math

import numpy as np
import pytest
import reference
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matting.networks.spamattnet import AlphaEstimate
from matting.training import losses

# Alphas on a grid, so that equal errors are common.
grid = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
batches = st.tuples(st.integers(1, 3), st.just(1), st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: st.tuples(
        arrays(np.float64, shape, elements=grid),
        arrays(np.float64, shape, elements=grid),
        arrays(np.bool_, shape),
    )
)


def tensors(*arrays_of_one_batch):
    return [torch.from_numpy(array).double() for array in arrays_of_one_batch]


def mean_of(loss, *batch, **options):
    """A reference's loss of each image, averaged over the batch."""
    return np.mean([loss(*(array[0] for array in image), **options) for image in zip(*batch, strict=True)])


@given(batches)
def test_the_alpha_loss_is_equation_11(batch):
    assert losses.alpha_loss(*tensors(*batch)).item() == pytest.approx(mean_of(reference.alpha_loss, *batch))


@given(batches, st.sampled_from([1.0, 10.0, 50.0, 100.0]))
def test_the_hard_mining_loss_is_equation_12_with_ties_and_with_regions_of_every_size(batch, percent):
    loss = losses.hard_mining_loss(*tensors(*batch), percent=percent)
    assert loss.item() == pytest.approx(mean_of(reference.hard_mining_loss, *batch, percent=percent))


@given(batches, arrays(np.float64, (3, 1, 4, 4), elements=grid))
def test_the_matting_loss_is_equation_10(batch, other):
    refined, truth, region = batch
    coarse = np.resize(other, refined.shape)
    estimate = AlphaEstimate(*tensors(refined), {1: tensors(coarse)[0]})
    assert losses.matting_loss(estimate, *tensors(truth, region)).item() == pytest.approx(
        mean_of(reference.matting_loss, coarse, refined, truth, region),
        rel=1e-6,  # it is taken in float32
    )


@given(batches)
def test_the_weight_of_hard_mining_scales_it_alone(batch):
    predicted, truth, region = tensors(*batch)
    plain, hard = losses.alpha_loss(predicted, truth, region), losses.hard_mining_loss(predicted, truth, region)
    for weight in (0.0, 0.5, 1.0):
        torch.testing.assert_close(losses.estimation_loss(predicted, truth, region, weight), plain + weight * hard)


@given(batches)
def test_hard_samples_err_at_least_as_much_as_all(batch):
    predicted, truth, region = tensors(*batch)
    hard = losses.hard_mining_loss(predicted, truth, region)
    plain = losses.alpha_loss(predicted, truth, region)
    assert plain - 1e-12 <= hard <= 2 * plain + 1e-12 or (region.sum((1, 2, 3)) % 2 == 1).any()
    torch.testing.assert_close(losses.hard_mining_loss(predicted, truth, region, percent=100.0), plain)


def test_equal_errors_are_counted_once_each():
    truth, region = torch.zeros(1, 1, 2, 4), torch.ones(1, 1, 2, 4)
    predicted = torch.full((1, 1, 2, 4), 0.5)
    assert losses.hard_mining_loss(predicted, truth, region) == 0.5
    predicted[0, 0, 0, 0] = 1.0
    assert losses.hard_mining_loss(predicted, truth, region) == (1 + 3 * 0.5) / 4


@pytest.mark.parametrize("loss", [losses.alpha_loss, losses.hard_mining_loss, losses.laplacian_loss])
def test_an_image_without_a_region_adds_nothing_and_harms_nothing(loss):
    predicted = torch.rand(2, 1, 32, 32, requires_grad=True)
    truth, region = torch.rand(2, 1, 32, 32), torch.zeros(2, 1, 32, 32)
    nothing = loss(predicted, truth, region)
    nothing.backward()
    assert nothing == 0 and predicted.grad.isfinite().all() and not predicted.grad.any()
    region[1] = 1
    both = loss(predicted, truth, region)
    torch.testing.assert_close(both, loss(predicted[1:], truth[1:], region[1:]) / 2)
    predicted.grad = None
    both.backward()
    assert not predicted.grad[0].any() and predicted.grad[1].any() and predicted.grad.isfinite().all()


@pytest.mark.parametrize("loss", [losses.alpha_loss, losses.hard_mining_loss, losses.laplacian_loss])
def test_what_lies_outside_the_region_has_no_say(loss):
    predicted, truth = torch.rand(2, 2, 1, 32, 32)
    region = (torch.rand(2, 1, 32, 32) > 0.5).float()
    elsewhere = torch.where(region == 1, predicted, torch.rand_like(predicted))
    assert loss(predicted, truth, region) == loss(elsewhere, truth, region)
    assert loss(truth, truth, region) == 0


def loop_laplacian_loss(predicted, truth, region, levels):
    """The Laplacian loss of one image (H, W): blur, halve, enlarge, subtract; a band's sum counts 2^level."""
    difference, total = (predicted - truth) * region, 0.0
    for level in range(levels):
        smaller = halved(blurred(difference))
        band = difference - enlarged(smaller)
        total += 2**level * sum(abs(value) for value in band.ravel())
        difference = smaller
    return total / max(region.sum(), 1)


def blurred(plane):
    height, width = plane.shape
    taps = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16]
    result = np.zeros_like(plane)
    for y, x in np.ndindex(plane.shape):
        for down, right in np.ndindex(5, 5):
            row, column = min(max(y + down - 2, 0), height - 1), min(max(x + right - 2, 0), width - 1)
            result[y, x] += taps[down] * taps[right] * plane[row, column]
    return result


def halved(plane):
    result = np.zeros((plane.shape[0] // 2, plane.shape[1] // 2))
    for y, x in np.ndindex(result.shape):
        result[y, x] = plane[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean()
    return result


def enlarged(plane):
    """Twice the size, bilinear between the centres of the pixels."""

    def neighbours(index, size):
        place = min(max((index + 0.5) / 2 - 0.5, 0), size - 1)
        low = math.floor(place)
        return (low, 1 - (place - low)), (min(low + 1, size - 1), place - low)

    result = np.zeros((2 * plane.shape[0], 2 * plane.shape[1]))
    for y, x in np.ndindex(result.shape):
        for row, vertical in neighbours(y, plane.shape[0]):
            for column, horizontal in neighbours(x, plane.shape[1]):
                result[y, x] += vertical * horizontal * plane[row, column]
    return result


@pytest.mark.parametrize(("size", "levels"), [((8, 12), 1), ((8, 12), 2), ((32, 32), 5)])
def test_the_laplacian_loss_is_its_pyramid_in_loops(size, levels):
    predicted, truth = np.random.rand(2, 2, 1, *size)
    region = np.random.rand(2, 1, *size) > 0.3
    loss = losses.laplacian_loss(*tensors(predicted, truth, region), levels=levels)
    assert loss.item() == pytest.approx(mean_of(loop_laplacian_loss, predicted, truth, region, levels=levels))


def test_the_trimap_loss_is_the_cross_entropy():
    logits, classes = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    pairs = zip(logits.double().numpy(), classes.numpy(), strict=True)
    expected = np.mean([reference.cross_entropy(one, truth) for one, truth in pairs])
    assert losses.trimap_loss(logits, classes).item() == pytest.approx(expected, rel=1e-6)
    assert losses.trimap_loss(logits.half(), classes).dtype == torch.float32


@pytest.mark.parametrize("loss", [losses.alpha_loss, losses.hard_mining_loss, losses.laplacian_loss])
def test_gradients_of_the_losses_are_those_of_finite_differences(loss):
    predicted = torch.rand(2, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    truth = torch.rand(2, 1, 32, 32, dtype=torch.float64)
    region = torch.zeros(2, 1, 32, 32, dtype=torch.float64)
    region[..., 3:6, 4:8] = 1
    assert torch.autograd.gradcheck(
        lambda part: loss(torch.nn.functional.pad(part, (4, 24, 3, 26)), truth, region), [predicted]
    )
