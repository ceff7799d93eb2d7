"""What a check says: not yet answered, right, or a hint. A notebook shows it below the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from traceback import walk_tb
from typing import Any

import numpy as np


class NotYetAnswered(Exception):  # noqa: N818 - nothing went wrong
    """The answer is still a stub; for a check to raise."""


class Hint(Exception):  # noqa: N818
    """The answer is wrong, and this sentence helps on; for a check to raise."""


@dataclass(frozen=True)
class Verdict:
    """What came of an answer.

    Attributes:
        exercise: its name.
        right: None where it is not yet answered.
        said: praise, a hint, or that there is no answer yet.
    """

    exercise: str
    right: bool | None
    said: str

    def __repr__(self) -> str:
        return f"{self.exercise}: {self.said}"


def exercise(name: str) -> Callable[[Callable[..., str]], Callable[..., Verdict]]:
    """Make a check of a function that returns praise or raises `Hint` or `NotYetAnswered`.

    An argument that is None or `...` is an answer not yet given. An answer of another kind than the check can read is
    wrong; what an answer's own code raises goes through to its author.
    """

    def decorate(judge: Callable[..., str]) -> Callable[..., Verdict]:
        @wraps(judge)
        def check(*answers: Any, **given: Any) -> Verdict:
            try:
                if any(answer is None or answer is ... for answer in answers):
                    raise NotYetAnswered
                return Verdict(name, True, f"right. {judge(*answers, **given)}")
            except NotYetAnswered:
                return Verdict(name, None, "not yet answered.")
            except Hint as hint:
                return Verdict(name, False, f"not yet right. {hint}")
            except Exception as error:
                if _raised_by(answers, error, judge):
                    raise
                said = f"The check can't read this answer ({error}); compare it with the comment beside it."
                return Verdict(name, False, f"not yet right. {said}")

        return check

    return decorate


def _raised_by(answers: tuple[Any, ...], error: Exception, judge: Callable[..., str]) -> bool:
    """Whether an error comes out of code of the module, or the notebook, in which an answer was written."""
    modules = {getattr(answer, "__module__", None) for answer in answers if callable(answer)}
    frames = [frame for frame, _ in walk_tb(error.__traceback__) if frame.f_code is not judge.__code__]
    return any(frame.f_globals.get("__name__") in modules for frame in frames)


def ask(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function that an answer consists of; a stub, which returns None or `...`, is not yet an answer."""
    found = function(*arguments)
    if found is None or found is ...:
        raise NotYetAnswered
    return found


def expect(condition: Any, hint: str) -> None:
    """Raise `Hint` unless a condition holds."""
    if not condition:
        raise Hint(hint)


def near(found: Any, wanted: Any, tolerance: float = 1e-4) -> bool:
    """Whether two arrays or tensors have one shape and agree within an absolute tolerance."""
    found, wanted = (np.asarray(values, np.float64) for values in (found, wanted))
    return found.shape == wanted.shape and bool(np.allclose(found, wanted, rtol=0, atol=tolerance))
