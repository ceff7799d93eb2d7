from types import SimpleNamespace

import numpy as np
import torch

from matting.lessons.trimaps import check_closing, check_safer, check_slope
from matting.trimaps.algebra import from_mask


def slope(logits, classes):
    return (logits.softmax(1) - torch.nn.functional.one_hot(classes, 3).permute(0, 3, 1, 2)) / 25


def test_what_a_closing_does():
    assert check_closing(None, True).right is None
    assert check_closing(False, True).right
    assert "dilation" in check_closing(True, True).said and "gap" in check_closing(False, False).said
    assert check_closing(True, True).right is check_closing(False, False).right is False


def test_the_slope_of_cross_entropy():
    assert check_slope(lambda logits, classes: ...).right is None
    assert check_slope(slope).right
    for hint, wrong in {
        "a 25th": lambda z, c: 25 * slope(z, c),
        "sign": lambda z, c: -slope(z, c),
        "true class is missing": lambda z, c: z.softmax(1) / 25,
        "axis of classes": lambda z, c: slope(z, c).flip(1),
        "is wanted": lambda z, c: slope(z, c)[0],
    }.items():
        verdict = check_slope(wrong)
        assert verdict.right is False and hint in verdict.said, verdict


def test_a_trimap_that_loses_fewer_soft_pixels():
    y, x = np.mgrid[:160, :160]
    alpha = np.clip((30 - np.hypot(y - 80, x - 80)) / 12 + 0.5, 0, 1).astype(np.float32)
    given = {"pipeline": SimpleNamespace(trimap=lambda _, mask: from_mask(mask, 5)), "composites": [(alpha, alpha)]}
    assert check_safer(lambda image, mask: None, **given).right is None
    assert check_safer(lambda image, mask: from_mask(mask, 41), **given).right
    for hint, wrong in {
        "ask about more": lambda image, mask: from_mask(mask, 5),
        "are allowed": lambda image, mask: np.full(mask.shape, 128, np.uint8),
    }.items():
        verdict = check_safer(wrong, **given)
        assert verdict.right is False and hint in verdict.said, verdict
