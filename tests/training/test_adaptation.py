import csv
import math
from dataclasses import replace

import numpy as np
import pytest
import reference
import torch
from adaptation_cases import SCHEDULE, Frozen, Samples, adapt, generator, judges
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from network_cases import NARROWEST, NARROWEST_TGN, photos
from torch.utils.data import default_collate
from training_cases import assert_equal, launch, read_log

from matting.compositing import compose
from matting.inference.fusion import soft_fusion, weighed
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN
from matting.training import checkpoint
from matting.training.adaptation import Adaptation, Generator, discriminator_loss, generator_losses, most_probable
from matting.training.engine import start
from matting.trimaps.algebra import from_probabilities

values = st.floats(-2, 2, width=32)
shares = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
steps = st.integers(0, 100_000)


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array))


@given(
    arrays(np.float32, (2, 1, 2, 3), elements=values),
    arrays(np.float32, (2, 3, 3, 2), elements=values),
    arrays(np.int64, (2, 3, 2), elements=st.integers(0, 2)),
    arrays(np.float32, (2, 2, 1, 3, 2), elements=shares),
    st.sampled_from([0.0, 0.125, 0.5]),
)
def test_the_generators_loss_is_equation_16(scores, logits, classes, alphas, weight):
    losses = generator_losses(*map(tensor, (scores, logits, classes, *alphas)), weight)
    expected = [
        reference.generator_loss(scores[i, 0], logits[i], classes[i], alphas[0, i, 0], alphas[1, i, 0], weight)
        for i in range(2)
    ]
    assert losses.total.item() == pytest.approx(np.mean(expected), rel=1e-5, abs=1e-6)
    parts = losses.adversarial + weight * (losses.cross_entropy + losses.alpha)
    assert losses.total.item() == pytest.approx(parts.item(), rel=1e-6)


@given(arrays(np.float32, (2, 2, 1, 2, 3), elements=values))
def test_the_discriminators_loss_is_equation_17(scores):
    fake, real = scores
    expected = np.mean([reference.discriminator_loss(fake[i, 0], real[i, 0]) for i in range(2)])
    assert discriminator_loss(tensor(fake), tensor(real)).item() == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_perfect_answers_cost_nothing_and_what_pleases_one_displeases_the_other():
    zeros, ones = torch.zeros(2, 1, 3, 3), torch.ones(2, 1, 3, 3)
    assert discriminator_loss(zeros, ones) == 0 and discriminator_loss(ones, zeros) == 2
    classes = torch.randint(0, 3, (2, 4, 4))
    certain = 100 * torch.nn.functional.one_hot(classes, 3).permute(0, 3, 1, 2).float()
    alpha = torch.rand(2, 1, 4, 4)
    assert generator_losses(ones, certain, classes, alpha, alpha, 0.5).total == 0
    assert generator_losses(zeros, certain, classes, alpha, alpha, 0.5).total == 1


@given(arrays(np.float32, (2, 3, 4, 3), elements=shares), arrays(np.float32, (2, 3, 4), elements=shares))
def test_training_and_inference_fuse_softly_alike(weights, alpha):
    """Of the same networks' answers; the trimap too is inference's, ties included."""
    weights[weights.sum(-1) == 0] = 1
    probabilities = weights / weights.sum(-1, keepdims=True)
    planes = tensor(probabilities).permute(0, 3, 1, 2)
    fused = weighed(tensor(alpha)[:, None], planes[:, :1], planes[:, 2:])
    np.testing.assert_allclose(fused[:, 0], soft_fusion(alpha, probabilities), atol=1e-6)
    trimaps = np.stack([from_probabilities(image) for image in probabilities])
    regions = most_probable(planes)[:, 0]
    np.testing.assert_array_equal(2 * regions, (trimaps >= 128).astype(int) + (trimaps == 255))


@given(steps)
def test_lambda_is_a_half_and_halved_every_ten_thousand_steps(step):
    weight = replace(SCHEDULE, halving=10_000).weight_at(step)
    assert math.log2(weight) == -1 - step // 10_000


def test_a_full_alpha_composes_the_photo_and_an_empty_one_the_new_background():
    image, background = torch.rand(2, 2, 3, 4, 4)
    one = torch.ones(2, 1, 4, 4)
    assert torch.equal(compose(image, background, one), image)
    assert torch.equal(compose(image, background, 0 * one), background)


def test_the_composites_gradient_reaches_both_networks_and_not_the_discriminator():
    network = Generator(TGN(NARROWEST_TGN), SPAMattNet(NARROWEST))
    learner = adaptation(network)
    image, background = photos(2, 64, 64), photos(2, 64, 64)
    _, alpha = network(image, (torch.rand(2, 1, 64, 64) > 0.5).float())
    assert alpha.shape == (2, 1, 64, 64)
    (learner._judged(compose(image, background, alpha)) - 1).square().mean().backward()
    for part in (network.tgn, network.spamattnet):
        reached = [p.grad is not None and p.grad.isfinite().all() and p.grad.any() for p in part.parameters()]
        assert sum(map(bool, reached)) > 0.5 * len(reached)
    assert all(parameter.grad is None for parameter in learner.discriminator.parameters())


def adaptation(network, schedule=SCHEDULE):
    return Adaptation(network, judges(network), schedule, start("cpu"), None)


def test_the_generator_fuses_its_own_trimap_with_alpha_by_equation_15():
    network, batch = generator().eval(), default_collate([Samples(2)[0], Samples(2)[1]])
    logits, alpha = network(batch["image"], batch["coarse_mask"])
    background, unknown, foreground = logits.softmax(1).split(1, dim=1)
    own = network.spamattnet(batch["image"], most_probable(logits.softmax(1))).alpha
    torch.testing.assert_close(alpha, foreground + unknown * own, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(background, foreground, atol=1e-3)


def test_the_pseudo_alpha_is_the_teachers_where_the_pseudo_trimap_is_unknown_and_the_trimap_elsewhere():
    learner, batch = adaptation(generator()), default_collate([Samples(2)[0], Samples(2)[1]])
    trimap = batch["trimap"]
    pseudo, own = learner._pseudo_alpha(batch["image"], trimap), learner.teacher(batch["image"], trimap).alpha
    unknown = trimap == 0.5
    assert unknown.any() and torch.equal(pseudo[~unknown], trimap[~unknown].to(pseudo.dtype))
    torch.testing.assert_close(pseudo[unknown], own[unknown].clamp(0, 1))


def gradients(learner, batch):
    """G's and D's gradients of one pass at the step that is next."""
    torch.manual_seed(5)
    learner.prepare()
    learner.backward(batch, 1, last=True)
    return [[p.grad for p in module.parameters()] for module in (learner.run.network, learner.discriminator)]


def test_neither_learns_from_the_others_loss():
    """Where both learn, G's gradient is that of a step where it learns alone, and D's that of Eq. 17 alone."""
    batch, found = default_collate([Samples(2)[0], Samples(2)[1]]), {}
    for number in (3, 4):
        learner = adaptation(generator(), replace(SCHEDULE, halving=100))
        learner.run.step = number
        found[number] = gradients(learner, batch)
    assert found[3][1] == [None] * len(found[4][1])
    assert all(torch.equal(alone, both) for alone, both in zip(found[3][0], found[4][0], strict=True))

    learner = adaptation(generator())
    torch.manual_seed(5)
    _, alpha = learner.run.network(batch["image"], batch["coarse_mask"])
    composite, apart = compose(batch["image"], batch["background"], alpha.detach()), learner.discriminator
    discriminator_loss(apart(composite), apart(batch["image"])).backward()
    for mine, parameter in zip(found[4][1], apart.parameters(), strict=True):
        torch.testing.assert_close(mine, parameter.grad, rtol=1e-4, atol=1e-6)


class Watched(Adaptation):
    """Keeps G's, D's and G''s weights before every step."""

    def prepare(self):
        super().prepare()
        watched = {"generator": self.run.network, "discriminator": self.discriminator, "teacher": self.teacher}
        self.__class__.seen.append(
            {name: {k: v.clone() for k, v in module.state_dict().items()} for name, module in watched.items()}
        )


def test_the_discriminator_steps_once_per_five_and_the_teacher_never_changes(tmp_path):
    Watched.seen = []
    adapt(tmp_path, learning=Watched)
    pairs = list(zip(Watched.seen, Watched.seen[1:], strict=False))

    def changed(name):
        return [any(not torch.equal(before[name][k], after[name][k]) for k in before[name]) for before, after in pairs]

    assert changed("generator") == [True] * 10
    assert changed("discriminator") == [number in (5, 10) for number in range(1, 11)]
    assert changed("teacher") == [False] * 10
    begun = {k.removeprefix("spamattnet."): v for k, v in Watched.seen[0]["generator"].items() if "spamattnet" in k}
    assert_equal(begun, Watched.seen[0]["teacher"])


def test_the_log_tells_the_losses_apart(tmp_path):
    adapt(tmp_path)
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["discriminator"] != "" for row in rows] == [number in (5, 10) for number in range(1, 12)]
    assert [float(row["weight"]) for row in rows] == [0.5] * 4 + [0.25] * 4 + [0.125] * 3
    for row in rows:
        parts = float(row["adversarial"]) + float(row["weight"]) * (float(row["cross_entropy"]) + float(row["alpha"]))
        assert float(row["loss"]) == pytest.approx(parts, abs=1e-5)


def test_each_network_learns_at_its_own_rate():
    learner = adaptation(generator(), replace(SCHEDULE, rate=1e-4))
    learner.prepare()
    groups = learner.run.optimizer.param_groups
    assert [group["lr"] for group in groups] == pytest.approx([1e-4, 4e-5])
    assert [len(group["params"]) for group in groups] == [
        len(list(part.parameters())) for part in (learner.run.network.tgn, learner.run.network.spamattnet)
    ]
    assert [group["lr"] for group in learner.optimizer.param_groups] == pytest.approx([1e-5])


@pytest.mark.parametrize("stops", [1, 4, 7])
def test_an_interrupted_adaptation_equals_one_that_was_not(tmp_path, stops):
    """Even where it is called again with other networks to begin with: all comes from the checkpoint."""
    whole = adapt(tmp_path / "whole")
    for stop in range(stops):
        adapt(tmp_path / "parts", time_limit=0, seed=stop)
    assert_equal(whole, adapt(tmp_path / "parts", seed=stops))
    states = [checkpoint.load(tmp_path / name, {}) for name in ("whole", "parts")]
    for name in ("network", "average", "teacher", "discriminator"):
        assert_equal(states[0][name], states[1][name])
    moments = [state["discriminator_optimizer"]["state"] for state in states]
    for index, moment in moments[0].items():
        assert_equal(moment, moments[1][index])
    assert read_log(tmp_path / "whole") == read_log(tmp_path / "parts")


@pytest.mark.parametrize("broken", ["loss", "gradient"])
def test_a_discriminator_that_is_not_finite_stops_before_either_steps(tmp_path, broken):
    class Failing(Adaptation):
        def accumulate_gradient(self, feed, passes):
            seen = super().accumulate_gradient(feed, passes)
            if self.run.step == 9 and broken == "loss":
                seen[-1] = math.inf
            if self.run.step == 9 and broken == "gradient":
                next(self.discriminator.parameters()).grad[0] = math.nan
            return seen

    with pytest.raises(FloatingPointError, match=f"discriminator's {broken} of step 10"):
        adapt(tmp_path / "run", learning=Failing, save_every=0)
    assert checkpoint.load(tmp_path / "run", {})["step"] == 9
    adapt(tmp_path / "whole")
    adapt(tmp_path / "run")
    assert read_log(tmp_path / "whole") == read_log(tmp_path / "run")


EVENLY = "replace(SCHEDULE, steps=5, batch=4, optimizer='sgd', ema=0.5)"


def assert_close(one, other):
    states = [torch.load(folder / checkpoint.NAME, weights_only=True) for folder in (one, other)]
    for part in ("network", "average", "discriminator"):
        for name, value in states[0][part].items():
            torch.testing.assert_close(states[1][part][name], value, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("passes", [2, 4])
def test_accumulated_passes_equal_one_batch(tmp_path, passes):
    for name, accumulate in (("one", 1), ("many", passes)):
        adapt(tmp_path / name, schedule=eval(EVENLY), learning=Frozen, accumulate=accumulate)
    assert_close(tmp_path / "one", tmp_path / "many")


def test_two_processes_equal_one(tmp_path):
    adapt(tmp_path / "one", schedule=eval(EVENLY), learning=Frozen)
    launch(
        "from dataclasses import replace\n"
        "from adaptation_cases import SCHEDULE, Frozen, adapt\n"
        f"adapt(Path({str(tmp_path / 'two')!r}), schedule={EVENLY}, learning=Frozen, accumulate=2)",
        processes=2,
    )
    assert_close(tmp_path / "one", tmp_path / "two")


def test_the_discriminator_learns_to_tell(tmp_path):
    """While G stands still, its composites become known: Eq. 17 falls."""
    schedule = replace(SCHEDULE, steps=150, rate=0.02, matting_share=0, discriminator_every=1, momenta=(0.5, 0.9))

    class Still(Frozen):
        def prepare(self):
            super().prepare()
            for group in self.run.optimizer.param_groups:
                group["lr"] = 0.0

    adapt(tmp_path, schedule=schedule, learning=Still)
    with (tmp_path / "log.csv").open(newline="") as file:
        losses = [float(row["discriminator"]) for row in csv.DictReader(file)]
    assert np.mean(losses[-20:]) < 0.8 * np.mean(losses[:20])
