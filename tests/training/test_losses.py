import math
from dataclasses import replace

import numpy as np
import pytest
import reference
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from network_cases import NARROWEST, patchy_trimap

from matting.networks.spamattnet import AlphaEstimate, SPAMattNet
from matting.training import losses
from matting.training.schedules import Schedule
from matting.training.stages import spamattnet_loss

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


def loop_composition_loss(predicted, truth, region, foreground, background):
    """One image: the colours' differences between the composites by both alphas, pixel by pixel, over the region."""
    total = 0.0
    for y, x in np.argwhere(region):
        for colour in range(3):
            front, back = foreground[colour, y, x], background[colour, y, x]
            by_truth = truth[y, x] * front + (1 - truth[y, x]) * back
            by_prediction = predicted[y, x] * front + (1 - predicted[y, x]) * back
            total += abs(by_prediction - by_truth)
    return total / max(region.sum(), 1)


@given(batches, st.integers(0, 9))
def test_the_composition_loss_is_its_sum_in_loops(batch, seed):
    count, _, height, width = batch[0].shape
    layers = np.random.default_rng(seed).random((2, count, 3, height, width))
    images = zip(*(array[:, 0] for array in batch), *layers, strict=True)
    expected = np.mean([loop_composition_loss(*image) for image in images])
    assert losses.composition_loss(*tensors(*batch, *layers)).item() == pytest.approx(expected)


def test_between_equal_layers_alpha_does_not_show():
    predicted, truth, layer = torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4), torch.rand(2, 3, 4, 4)
    loss = losses.composition_loss(predicted, truth, torch.ones(2, 1, 4, 4), layer, layer)
    assert loss.item() == pytest.approx(0, abs=1e-6)


def enlarged_by(plane, factor):
    """A smaller plane at full size, bilinear between the centres of the pixels."""
    result = np.zeros((factor * plane.shape[0], factor * plane.shape[1]))
    for y, x in np.ndindex(result.shape):
        row, column = (min(max((i + 0.5) / factor - 0.5, 0), n - 1) for i, n in zip((y, x), plane.shape, strict=True))
        top, left = int(row), int(column)
        bottom, right = min(top + 1, plane.shape[0] - 1), min(left + 1, plane.shape[1] - 1)
        down, along = row - top, column - left
        upper = (1 - along) * plane[top, left] + along * plane[top, right]
        result[y, x] = (1 - down) * upper + down * ((1 - along) * plane[bottom, left] + along * plane[bottom, right])
    return result


def loop_star_loss(heads, truth, region, foreground, background):
    """One image: 2/5 of stride 1, 1/5 of 4, 1/5 of 8; each L1 + composition + Laplacian; stride 8 everywhere."""
    total = 0.0
    for stride, weight in ((1, 2), (4, 1), (8, 1)):
        full = enlarged_by(heads[stride], stride)
        where = np.ones_like(region) if stride == 8 else region
        l1 = sum(abs(full[y, x] - truth[y, x]) for y, x in np.argwhere(where)) / max(where.sum(), 1)
        composition = loop_composition_loss(full, truth, where, foreground, background)
        total += weight * (l1 + composition + loop_laplacian_loss(full, truth, where, 5))
    return total / 5


def test_the_loss_of_spamattnet_star_is_its_sum_in_loops():
    random = np.random.default_rng(0)
    heads = {stride: random.random((2, 1, 32 // stride, 64 // stride)) for stride in (8, 4, 1)}
    truth, region = random.random((2, 1, 32, 64)), random.random((2, 1, 32, 64)) > 0.6
    layers = random.random((2, 2, 3, 32, 64))
    estimate = AlphaEstimate(torch.zeros(()), {stride: tensors(head)[0] for stride, head in heads.items()})
    expected = np.mean(
        [
            loop_star_loss({s: head[i, 0] for s, head in heads.items()}, truth[i, 0], region[i, 0], *layers[:, i])
            for i in range(2)
        ]
    )
    loss = losses.star_loss(estimate, *tensors(truth, region, *layers))
    assert loss.item() == pytest.approx(expected, rel=1e-5)  # heads are taken in float32


def batch_of(size=64, count=2):
    layers = {name: torch.rand(count, 3, size, size) for name in ("image", "foreground", "background")}
    return layers | {"trimap": patchy_trimap(count, size, size), "alpha": torch.rand(count, 1, size, size)}


@pytest.mark.parametrize(
    "schedule", [Schedule(), Schedule(hard=1, laplacian=0), Schedule(hard=1, laplacian=0, whole=1)]
)
def test_the_plain_decoder_is_trained_by_the_schedules_terms(schedule):
    network, batch = SPAMattNet(NARROWEST).eval(), batch_of()
    loss = spamattnet_loss(network.config, schedule)(network, batch)
    with torch.no_grad():
        estimate = network(batch["image"], batch["trimap"])
    unknown = batch["trimap"].numpy() == 0.5
    expected = 0.0
    for region, weight, details in ((unknown, 1, schedule.laplacian), (np.ones_like(unknown), schedule.whole, 0)):
        for alpha in (estimate.heads[1].numpy(), estimate.alpha.numpy()):
            one = [alpha.astype(float), batch["alpha"].numpy().astype(float), region]
            terms = mean_of(reference.alpha_loss, *one) + schedule.hard * mean_of(reference.hard_mining_loss, *one)
            laplacian = losses.laplacian_loss(*tensors(*one)).item() if details else 0
            expected += weight * terms + details * laplacian
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_the_progressive_decoder_is_trained_by_the_losses_of_spamattnet_star():
    network, batch = SPAMattNet(replace(NARROWEST, decoder="progressive", refinement_width=0)), batch_of()
    loss = spamattnet_loss(network.config, Schedule())(network.eval(), batch)
    estimate, unknown = network(batch["image"], batch["trimap"]), (batch["trimap"] == 0.5).float()
    layers = batch["foreground"], batch["background"]
    torch.testing.assert_close(loss, losses.star_loss(estimate, batch["alpha"], unknown, *layers))
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("decoder", ["plain", "progressive"])
def test_a_batchs_loss_is_the_mean_of_its_images_losses(decoder):
    width = 0 if decoder == "progressive" else 4
    network = SPAMattNet(replace(NARROWEST, decoder=decoder, refinement_width=width)).eval()
    batch, loss = batch_of(count=3), spamattnet_loss(network.config, Schedule(whole=0.5))
    batch["trimap"][0] = 1  # nothing unknown in one of them
    parts = [loss(network, {name: values[i : i + 1] for name, values in batch.items()}) for i in range(3)]
    torch.testing.assert_close(loss(network, batch), torch.stack(parts).mean(), rtol=1e-5, atol=1e-6)
