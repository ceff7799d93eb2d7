"""Hypothesis strategies for small photos, alphas, masks and trimaps of odd sizes."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

sizes = st.tuples(st.integers(1, 13), st.integers(1, 13))
photo_sizes = st.tuples(st.integers(2, 13), st.integers(2, 13))


def images(size) -> st.SearchStrategy[np.ndarray]:
    """RGB, uint8 (H, W, 3)."""
    return arrays(np.uint8, (*size, 3))


def alphas(size) -> st.SearchStrategy[np.ndarray]:
    """float32 (H, W) in [0, 1], exact zeros and ones among them."""
    between = st.floats(0, 1, width=32)
    return arrays(np.float32, size, elements=st.one_of(st.sampled_from([0.0, 1.0]), between), fill=st.just(0.0))


def masks(size) -> st.SearchStrategy[np.ndarray]:
    """Booleans (H, W)."""
    return arrays(np.bool_, size)


def trimaps(size) -> st.SearchStrategy[np.ndarray]:
    """uint8 (H, W) in {0, 128, 255}: scattered values, or rectangles laid over each other."""
    values = st.sampled_from([0, 128, 255])
    return st.one_of(arrays(np.uint8, size, elements=values), rectangles(size))


@st.composite
def rectangles(draw, size) -> np.ndarray:
    """Up to four rectangles of any of the three values over one of them."""
    values = st.sampled_from([0, 128, 255])
    trimap = np.full(size, draw(values), np.uint8)
    for _ in range(draw(st.integers(0, 4))):
        top, left = draw(st.integers(0, size[0] - 1)), draw(st.integers(0, size[1] - 1))
        bottom, right = draw(st.integers(top + 1, size[0])), draw(st.integers(left + 1, size[1]))
        trimap[top:bottom, left:right] = draw(values)
    return trimap


any_image = sizes.flatmap(images)
any_alpha = sizes.flatmap(alphas)
any_mask = sizes.flatmap(masks)
any_trimap = sizes.flatmap(trimaps)
