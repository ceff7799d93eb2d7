import torch

from matting.lessons.cross_fusion import check_biases_alone, check_left_over, check_steady


def left_over(columns, target):
    rest = target - columns @ torch.linalg.lstsq(columns, target[:, None]).solution[:, 0]
    return (rest.square().sum() / (target - target.mean()).square().sum()).item()


def steady(module, image, coarse):
    total = torch.zeros_like(coarse)
    for shift in range(16):
        moved = [torch.roll(plane, shift, dims=-1) for plane in (image, coarse)]
        total += torch.roll(module(*moved) - moved[1], -shift, dims=-1)
    return total / 16


def test_a_map_of_biases_alone():
    assert check_biases_alone(...).right is None
    assert check_biases_alone(0.5).right
    for value, hint in ((1, "dimmer open"), (0, "not shut"), (0.7, "Eq. 9")):
        verdict = check_biases_alone(value)
        assert verdict.right is False and hint in verdict.said


def test_the_share_that_a_sum_leaves_over():
    assert check_left_over(lambda columns, target: None).right is None
    assert check_left_over(left_over).right
    for hint, wrong in {
        "explained": lambda c, t: 1 - left_over(c, t),
        "around": lambda c, t: left_over(c, t) * (t - t.mean()).square().sum() / t.square().sum(),
        "share is wanted": lambda c, t: left_over(c, t) * (t - t.mean()).square().sum(),
        "least squares": lambda c, t: 0.0,
    }.items():
        verdict = check_left_over(wrong)
        assert verdict.right is False and hint in verdict.said, verdict


def test_a_residual_that_moves_along():
    assert check_steady(lambda module, image, coarse: None).right is None
    assert check_steady(steady).right
    for hint, wrong in {
        "changes by": lambda module, image, coarse: module(image, coarse) - coarse,
        "no longer this module's": lambda module, image, coarse: torch.zeros_like(coarse),
        "is wanted": lambda module, image, coarse: coarse[0],
    }.items():
        verdict = check_steady(wrong)
        assert verdict.right is False and hint in verdict.said, verdict
