import numpy as np
import pytest
import torch

from matting.lessons.verdicts import ask, exercise, expect, near


@exercise("1 · Double")
def check_double(function):
    """Double it."""
    expect(ask(function, 2) == 4, "Twice two is four.")
    return "That is all."


def test_a_stub_is_not_yet_answered():
    for stub in (None, ..., lambda number: None, lambda number: ...):
        verdict = check_double(stub)
        assert verdict.right is None and repr(verdict) == "1 · Double: not yet answered."


def test_a_right_answer_is_praised_and_a_wrong_one_gets_the_hint():
    assert repr(check_double(lambda number: 2 * number)) == "1 · Double: right. That is all."
    verdict = check_double(lambda number: 3 * number)
    assert verdict.right is False and repr(verdict) == "1 · Double: not yet right. Twice two is four."


def test_what_an_answer_raises_goes_to_its_author():
    with pytest.raises(ZeroDivisionError):
        check_double(lambda number: number / 0)


@exercise("2 · Corner")
def check_corner(place):
    """Name the corner."""
    row, column = place
    expect(row == column == 0, "Count from 0.")
    return "That is it."


def test_an_answer_of_another_kind_gets_a_hint():
    assert "cannot unpack" in repr(check_corner(5)) and check_corner(5).right is False
    verdict = check_double(lambda number: np.zeros(2))  # the check, not the answer, trips over an array's truth
    assert verdict.right is False and "compare it with the comment" in verdict.said
    assert check_double(7).right is False  # no function at all


def test_near_wants_one_shape_and_close_values():
    assert near(torch.tensor([1.0, 2.0]), np.array([1.0, 2.00001]))
    assert not near([1.0, 2.0], [1.0, 2.1])
    assert not near([1.0], [[1.0]])
    assert not near([np.nan], [1.0])
