from types import SimpleNamespace

import numpy as np

from matting.inference.fusion import soft_fusion
from matting.lessons.photo_to_matte import CHEST, check_all_unknown, check_equation_13, check_own_trimap
from matting.trimaps.algebra import from_mask

PHOTO = np.zeros((440, 680, 3), np.uint8)


def answer(photo, trimap):
    """What a network might say where all is unknown: chest 1, all else one half."""
    assert (trimap == 128).all()
    alpha = np.full(trimap.shape, 0.5, np.float32)
    alpha[CHEST] = 1
    return alpha


def equation_13(alpha, probabilities):
    background, foreground = probabilities[..., 0], probabilities[..., 2]
    unknown = 1 - (foreground + background)
    return (1 - unknown) * foreground / (foreground + background) + unknown * alpha


def test_guesses_of_a_photo_all_unknown():
    given = {"pipeline": SimpleNamespace(alpha=answer), "photo": PHOTO}
    assert check_all_unknown(None, 0.5, **given).right is None
    assert check_all_unknown(0.9, 0.6, **given).right
    assert check_all_unknown(0.1, 0.5, **given).right is False and "chest" in check_all_unknown(0.1, 0.5, **given).said
    assert check_all_unknown(1, 0.0, **given).right is False and "leaves" in check_all_unknown(1, 0.0, **given).said


def test_equation_13():
    assert check_equation_13(lambda alpha, probabilities: None).right is None
    assert check_equation_13(equation_13).right and check_equation_13(soft_fusion).right
    for hint, wrong in {
        "weighed as well": lambda a, p: p[..., 2] / (p[..., 2] + p[..., 0]) + p[..., 1] * a,
        "second term": lambda a, p: p[..., 2],
        "exchanged": lambda a, p: equation_13(a, p[..., ::-1]),
        "came": lambda a, p: p,
        "both terms": lambda a, p: a,
    }.items():
        verdict = check_equation_13(wrong)
        assert verdict.right is False and hint in verdict.said, verdict


def test_a_trimap_from_the_mask_alone():
    y, x = np.mgrid[:120, :160]
    alpha = np.clip((30 - np.hypot(y - 60, x - 80)) / 24 + 0.5, 0, 1).astype(np.float32)
    given = {"mask": (alpha >= 0.5).astype(np.float32), "alpha": alpha}
    assert check_own_trimap(lambda mask: ..., **given).right is None
    assert check_own_trimap(lambda mask: from_mask(mask, 27), **given).right
    for hint, wrong in {
        "widen it": lambda mask: from_mask(mask, 9),
        "are allowed": lambda mask: np.full(mask.shape, 128, np.uint8),
    }.items():
        verdict = check_own_trimap(wrong, **given)
        assert verdict.right is False and hint in verdict.said, verdict
