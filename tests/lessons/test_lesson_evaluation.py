import numpy as np
import pytest
from pictures import noise

from matting.evaluation.benchmarks.photos import Photo
from matting.evaluation.comparison import evaluate
from matting.evaluation.metrics import gradient_error
from matting.lessons.evaluation import check_average, check_grad, check_most_harmed
from matting.trimaps.algebra import from_alpha

SIZE = (64, 64)


def drawn(seed):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    alpha = np.clip((20 - np.hypot(y - 32, x - 30 - seed)) / 4 + 0.5, 0, 1).astype(np.float32)
    return Photo(f"disc {seed}", noise(SIZE), truth=alpha, trimap=from_alpha(alpha, 3, 3))


@pytest.fixture(scope="module")
def photos():
    return [drawn(seed) for seed in range(2)]


def half(image, trimap):
    return np.full(trimap.shape, 0.5, np.float32)


def nearly(image, trimap):
    """Wrong in its own small way, whatever the trimap."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (np.hypot(y - 32, x - 30) < 20).astype(np.float32)


METHODS = {"half": half, "nearly": nearly}


def test_the_method_that_a_wider_band_harms_most(photos):
    given = {"methods": METHODS, "photos": photos}
    assert check_most_harmed(None, **given).right is None
    assert check_most_harmed("half", **given).right
    assert "It rose by" in check_most_harmed("nearly", **given).said
    assert "Name one of half, nearly" in check_most_harmed("other", **given).said


def test_grad():
    assert check_grad(lambda prediction, truth, region: ...).right is None
    assert check_grad(gradient_error).right
    for hint, wrong in {
        "smooths": lambda p, g, r: ((np.hypot(*np.gradient(p)) - np.hypot(*np.gradient(g)))[r] ** 2).sum() / 1000,
        "of the region": lambda p, g, r: gradient_error(p, g, np.ones_like(r)),
        "in thousands": lambda p, g, r: 1000 * gradient_error(p, g, r),
        "not |∇(p - g)|": lambda p, g, r: gradient_error(p - g, np.zeros_like(g), r),
        "Filter along x": lambda p, g, r: np.abs(p - g)[r].sum() / 1000,
    }.items():
        verdict = check_grad(wrong)
        assert verdict.right is False and hint in verdict.said, verdict


def test_the_mean_of_two_methods(photos):
    given = {"results": evaluate(METHODS, photos), "pair": ("half", "nearly")}
    assert check_average(lambda image, trimap: None, **given).right is None
    verdict = check_average(lambda image, trimap: (half(image, trimap) + nearly(image, trimap)) / 2, **given)
    assert verdict.right and "the mean" in verdict.said
    verdict = check_average(half, **given)
    assert verdict.right is False and "away from the mean" in verdict.said
