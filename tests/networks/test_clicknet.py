"""ClickNet's parts, its dialogue and what it learns from."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from matting.networks import clicknet
from matting.networks.clicknet import CONFIGS, Asked, ClickNet, ClickNetConfig, Embedding, Seen
from matting.networks.layers import normalise
from matting.training import dialogue

NARROW = ClickNetConfig(side=64, widths=(8, 8, 8, 8), detail=4, groups=2)
NO_BOX, NO_POINT = (-1.0,) * 4, (-1.0,) * 3
shares = st.floats(0.02, 0.98)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(5)
    return ClickNet(NARROW).eval()


@pytest.fixture(scope="module")
def embedding(network):
    image = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return network.embed(image, network.see(image))


def asked(*points, box=NO_BOX, previous=None, batch=2):
    """The same question for each of a batch."""
    points = torch.tensor([points or (NO_POINT,)] * batch)
    return Asked(
        points, torch.tensor([box] * batch), torch.full((batch, 1, 32, 32), -1.0) if previous is None else previous
    )


def test_the_shipped_configuration_is_small_enough():
    network = ClickNet(CONFIGS["small"])
    assert sum(parameter.numel() for parameter in network.parameters()) <= 8e6


def test_an_answer_has_three_candidates_at_half_the_views_side(network, embedding):
    assert isinstance(embedding, Embedding)
    assert [level.shape[-1] for level in embedding] == [32, 16, 8, 4, 2]
    with torch.no_grad():
        logits = network.answer(embedding, asked((0.5, 0.5, 1.0)))
    assert logits.shape == (2, 3, 32, 32) and logits.dtype == torch.float32 and logits.isfinite().all()


def test_the_published_networks_see_what_they_see_alone(network):
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    small = torch.nn.functional.interpolate(image, (320, 320), mode="bilinear", antialias=True, align_corners=False)
    with torch.no_grad():
        seen, saliency = network.see(image), network.salient(small)[0]
        expected = torch.nn.functional.interpolate(saliency.logit(), (32, 32), mode="bilinear", align_corners=False)
        things = network.encoder.stride4(network.encoder.stride2(normalise(image)))
    torch.testing.assert_close(seen.logits, expected, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(seen.things4, things)


def test_points_that_are_none_change_nothing_and_their_order_does_not_either(network, embedding):
    one, two = (0.3, 0.4, 1.0), (0.7, 0.6, 0.0)
    with torch.no_grad():
        expected = network.answer(embedding, asked(one, two))
        for points in ((one, two, NO_POINT), (two, one), (NO_POINT, two, NO_POINT, one)):
            torch.testing.assert_close(network.answer(embedding, asked(*points)), expected, atol=1e-4, rtol=1e-4)
        assert (network.answer(embedding, asked(one)) - expected).abs().max() > 1e-3


def test_every_word_matters(network, embedding):
    with torch.no_grad():
        nothing = network.answer(embedding, asked())
        for other in (
            asked((0.5, 0.5, 1.0)),
            asked(box=(0.2, 0.2, 0.8, 0.8)),
            asked(previous=torch.rand(2, 1, 32, 32)),
        ):
            assert (network.answer(embedding, other) - nothing).abs().max() > 1e-3


def test_training_reaches_every_parameter_but_those_of_the_published_networks():
    torch.manual_seed(0)
    network = ClickNet(NARROW).train()
    before = [buffer.clone() for module in network.published for buffer in module.buffers()]
    image = torch.rand(2, 3, 64, 64)
    loss = network(image, lambda answer: answer(asked((0.4, 0.4, 1.0), (0.8, 0.8, 0.0))).square().mean())
    loss.backward()
    published = {id(parameter) for module in network.published for parameter in module.parameters()}
    for name, parameter in network.named_parameters():
        if id(parameter) in published:
            assert parameter.grad is None, name
        else:
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    for kept, buffer in zip(before, (b for module in network.published for b in module.buffers()), strict=True):
        torch.testing.assert_close(buffer, kept)


def test_what_was_seen_before_gives_the_same_answer(network):
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    question = asked((0.5, 0.5, 1.0), batch=1)
    with torch.no_grad():
        seen = network.see(image)
        assert len(seen) == len(Seen._fields)
        first = network(image, lambda answer: answer(question))
        torch.testing.assert_close(network(image, lambda answer: answer(question), *seen), first)


def test_what_stands_out_least_and_most_is_as_far_apart_in_every_photo():
    logits = torch.linspace(-3, 0.5, 64).view(1, 1, 8, 8)
    for shift in (0.0, -2.0):
        found = clicknet.stretched(logits + shift)
        assert found.min() == pytest.approx(-2, abs=1e-3) and found.max() == pytest.approx(2, abs=1e-3)
        assert (found.flatten().diff() >= 0).all()


@given(shares, shares)
def test_maps_show_the_click_where_it_is_and_of_its_kind(x, y):
    for label, (disc, near, other) in ((1.0, (0, 1, 2)), (0.0, (2, 3, 0))):
        maps = clicknet.prompt_maps(asked((x, y, label), batch=1), (16, 16), 0.05)[0]
        assert maps.shape == (7, 16, 16)
        row, column = divmod(int(maps[near].argmax()), 16)
        assert abs((column + 0.5) / 16 - x) <= 0.04 and abs((row + 0.5) / 16 - y) <= 0.04
        assert maps[disc].max() > 0.4 and maps[other].max() < 0.01
        assert (maps[4] == 0).all() and (maps[5:] == 0).all()


def test_maps_show_the_box_and_the_previous_answer():
    previous = torch.linspace(0, 1, 32).expand(1, 1, 32, 32)
    maps = clicknet.prompt_maps(asked(box=(0.25, 0.5, 0.75, 1.0), previous=previous, batch=1), (16, 16), 0.05)[0]
    assert (maps[4, 8:, 4:12] == 1).all() and (maps[4] == 1).sum() == 64 and (maps[4] == -1).sum() == 192
    torch.testing.assert_close(maps[5, 0], previous[0, 0, 0].view(16, 2).mean(1))
    assert (maps[6] == 1).all()


def test_likeness_is_one_where_it_was_clicked_and_nowhere_more():
    feature = torch.randn(1, 8, 9, 9, generator=torch.Generator().manual_seed(2))
    points = torch.tensor([[[4.5 / 9, 2.5 / 9, 1.0], NO_POINT]])
    alike = clicknet.likeness(feature, points, 2)
    assert alike.shape == (1, 4, 9, 9)
    torch.testing.assert_close(alike[0, :2, 2, 4], torch.ones(2))
    assert alike.max() <= 1 + 1e-5 and (alike[0, 2:] == -1).all()


def halves(share):
    """A mask (1, 1, 32, 32) whose left part is 1."""
    return (torch.arange(32) < 32 * share).float().expand(1, 1, 32, 32)


def test_the_loss_is_small_for_the_truth_and_grows_with_the_error():
    truth = halves(0.5)
    losses = [float(dialogue.mask_loss(20 * (2 * halves(share) - 1), truth)) for share in (0.5, 0.6, 0.8)]
    assert losses[0] < 0.01 < losses[1] < losses[2]


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_the_next_click_lies_in_the_largest_wrong_region_and_says_the_truth(seed):
    found, truth = halves(0.25)[0, 0].numpy() > 0, halves(0.75)[0, 0].numpy() > 0
    found[:3, 30:] = True
    x, y, label = dialogue._next_point(np.random.default_rng(seed), found, truth)
    assert label == 1 and 8 <= x * 32 <= 24 and 0 < y < 1
    assert dialogue._next_point(np.random.default_rng(seed), truth, truth) == NO_POINT


@pytest.mark.parametrize("later", [0, 1])
def test_a_dialogue_adds_a_click_each_round_and_ends_with_what_is_meant(monkeypatch, later):
    torch.manual_seed(0)
    monkeypatch.setattr(dialogue, "LATER", later)
    questions = []

    def answer(question):
        questions.append(question)
        return (8 * (2 * halves(0.75) - 1)).repeat(1, 3, 1, 1)

    batch = {"point": torch.tensor([[0.1, 0.5, 1.0]]), "box": torch.tensor([NO_BOX])}
    batch |= {name: halves(0.75) for name in ("whole", "part", "all")} | {"meant": halves(0.25)}
    loss = dialogue.converse(batch, 3, answer)
    assert [question.points.shape[1] for question in questions] == [1, 2, 3, 4][: 3 + later]
    assert (questions[0].previous == -1).all()
    torch.testing.assert_close(questions[1].previous, (8 * (2 * halves(0.75) - 1)).sigmoid())
    x, _, label = questions[1].points[0, 1].tolist()
    assert label == 0 and 0.25 < x < 0.75
    assert float(loss) > (2 / 3 + later / 3) * 0.5  # the first answer is right, the others keep what is not meant


def test_after_its_first_answers_training_leaves_the_batch_norms_statistics():
    torch.manual_seed(5)
    network = ClickNet(NARROW).train()
    image = torch.rand(2, 3, 64, 64)

    def statistics(step):
        network(image, lambda answer: answer(asked((0.5, 0.5, 1.0))).mean())
        return {
            name: part.running_mean.clone() for name, part in network.named_modules() if hasattr(part, "running_mean")
        }

    first, second = statistics(0), statistics(1)
    own = [name for name in first if not name.startswith(("salient", "encoder"))]
    assert own and all(not torch.equal(first[name], second[name]) for name in own)
    for part in network.modules():
        if hasattr(part, "num_batches_tracked"):
            part.num_batches_tracked.fill_(clicknet.SETTLED)
    third, fourth = statistics(2), statistics(3)
    assert all(torch.equal(third[name], fourth[name]) for name in own)
    assert network.training and network.finer.weight.requires_grad
