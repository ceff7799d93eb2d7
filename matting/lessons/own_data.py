"""Checks of notebook 08, your own data and a Space."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from matting.data.own.checking import complaints_about
from matting.data.own.leaks import ALIKE
from matting.lessons.verdicts import NotYetAnswered, ask, exercise, expect

QUALITY = 75
"""Of the JPEG in the first exercise."""


@exercise("1 · Predict")
def check_jpeg(levels: float, *, alpha: np.ndarray) -> str:
    """Judge a guess of the largest error, in levels of 255, of an alpha (H, W) that was saved as a JPEG."""
    saved = cv2.imencode(".jpg", np.rint(alpha * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    error = np.abs(cv2.imdecode(saved, cv2.IMREAD_GRAYSCALE).astype(float) - 255 * alpha)
    worst = float(error.max())
    expect(levels < 2 * worst, "So bad it is not: JPEG keeps what is smooth.")
    expect(
        levels > worst / 2, "JPEG keeps what is smooth and spends little on what is sharp. A rim of hair is not smooth."
    )
    spoilt = float(((alpha == 0) & (error > 1)).mean())
    return f"The worst pixel is {worst:.0f} levels off, and {spoilt:.1%} of the picture is certain background no more."


@exercise("2 · Implement")
def check_pair_check(judge: Callable[[np.ndarray, np.ndarray], str]) -> str:
    """Judge a check of a photo, uint8 (H, W, 3), and its matte, floats (H, W): a complaint, or "" for none."""
    for name, (image, alpha) in _pairs().items():
        said = ask(judge, image, alpha)
        if name == "good":
            expect(not said, f'A good pair gets the complaint "{said}".')
        else:
            expect(said, f"It lets a fault pass: {complaints_about(image, alpha)[0]}")
    return "It names all five faults and leaves a good pair alone."


@exercise("3 · Break")
def check_mirror_proof(fingerprint: Callable[[np.ndarray], np.ndarray], *, photos: Mapping[str, np.ndarray]) -> str:
    """Judge a fingerprint, booleans (N,), that a photo, uint8 (H, W, 3), shares with its mirror image."""
    prints, far = {}, []
    for name, photo in photos.items():
        own, mirrored = (np.asarray(ask(fingerprint, one)) for one in (photo, np.ascontiguousarray(photo[:, ::-1])))
        if own.ndim != 1 or own.dtype != bool:
            raise NotYetAnswered
        off = float(np.mean(own != mirrored))
        expect(off <= ALIKE, f"{name} and its mirror image differ in {off:.0%} of the bits; {ALIKE:.0%} are allowed.")
        prints[name] = own
    names = list(prints)
    for number, first in enumerate(names):
        far += [float(np.mean(prints[first] != prints[other])) for other in names[number + 1 :]]
    close = (
        f"Two photos that have nothing in common differ in {min(far):.0%} of the bits only: everything is alike to it."
    )
    expect(min(far) > 2 * ALIKE, close)
    return f"Mirrors agree, and other photos differ in at least {min(far):.0%} of the bits."


def _pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """A good pair and five bad ones, as `check_folder` knows them."""
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (64, 48), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[:48, :64]
    alpha = np.clip((14 - np.hypot(y - 24, x - 30)) / 6 + 0.5, 0, 1).astype(np.float32)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    bad = {"size": alpha[::2, ::2], "black": 0 * alpha, "white": 0 * alpha + 1, "photo": gray, "mask": np.rint(alpha)}
    return {"good": (image, alpha)} | {name: (image, matte) for name, matte in bad.items()}
