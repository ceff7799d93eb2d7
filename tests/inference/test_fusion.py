import numpy as np
import reference
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strategies import alphas, sizes, trimaps

from matting.inference import fusion
from matting.trimaps.algebra import from_probabilities, to_one_hot


@st.composite
def probabilities(draw, size):
    """float32 (H, W, 3) that sum to one, certain pixels and such without any known region among them."""
    weights = draw(arrays(np.float64, (*size, 3), elements=st.sampled_from([0.0, 0.0, 0.1, 0.5, 1.0, 3.0])))
    weights[weights.sum(-1) == 0, 1] = 1
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


guided = sizes.flatmap(lambda size: st.tuples(alphas(size), trimaps(size)))
guessed = sizes.flatmap(lambda size: st.tuples(alphas(size), probabilities(size)))
corrected = sizes.flatmap(lambda size: st.tuples(probabilities(size), trimaps(size)))


@given(guided)
def test_hard_fusion_keeps_known_pixels_exactly_and_touches_no_others(drawn):
    alpha, trimap = drawn
    before = alpha.copy()
    fused = fusion.hard_fusion(alpha, trimap)
    assert fused.dtype == np.float32 and fused.shape == alpha.shape
    assert (fused[trimap == 255] == 1).all() and (fused[trimap == 0] == 0).all()
    assert np.array_equal(fused[trimap == 128], alpha[trimap == 128])
    assert np.array_equal(alpha, before) and not np.shares_memory(fused, alpha)


@given(guided)
def test_hard_fusion_twice_is_hard_fusion(drawn):
    alpha, trimap = drawn
    once = fusion.hard_fusion(alpha, trimap)
    assert np.array_equal(fusion.hard_fusion(once, trimap), once)


@given(guessed)
def test_equations_13_and_15_are_the_same(drawn):
    alpha, guess = drawn
    assert np.allclose(
        reference.soft_fusion(alpha, guess), reference.short_soft_fusion(alpha, guess), rtol=1e-12, atol=1e-12
    )


@given(guessed)
def test_soft_fusion_is_equation_13(drawn):
    alpha, guess = drawn
    fused = fusion.soft_fusion(alpha, guess)
    assert fused.dtype == np.float32 and fused.shape == alpha.shape
    assert fused.min() >= 0 and fused.max() <= 1
    # Four roundings of numbers of at most one.
    assert np.abs(fused - reference.soft_fusion(alpha, guess)).max() <= 4 * np.finfo(np.float32).eps


@given(guided)
def test_soft_fusion_of_certain_regions_is_hard_fusion(drawn):
    alpha, trimap = drawn
    assert np.array_equal(fusion.soft_fusion(alpha, to_one_hot(trimap)), fusion.hard_fusion(alpha, trimap))


@given(corrected)
def test_what_a_person_painted_becomes_certain_and_the_rest_stays_as_probable_as_it_was(drawn):
    guess, trimap = drawn
    painted = fusion.painted_probabilities(guess, trimap)
    assert np.array_equal(from_probabilities(painted), trimap)
    changed = from_probabilities(guess) != trimap
    assert np.array_equal(painted[changed], to_one_hot(trimap)[changed])
    assert np.array_equal(painted[~changed], guess[~changed])


@given(corrected)
def test_painted_pixels_survive_soft_fusion_exactly(drawn):
    guess, trimap = drawn
    changed = from_probabilities(guess) != trimap
    alpha = np.full(trimap.shape, np.float32(0.25))
    fused = fusion.soft_fusion(alpha, fusion.painted_probabilities(guess, trimap))
    assert np.array_equal(fused[changed], fusion.hard_fusion(alpha, trimap)[changed])
