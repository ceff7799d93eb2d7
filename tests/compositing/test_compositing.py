import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from strategies import alphas, any_image, images, photo_sizes, sizes

import matting
from matting import compositing
from matting.compositing import colours
from matting.images import read_mask, read_photo

layers = sizes.flatmap(lambda size: st.tuples(images(size), images(size), alphas(size)))


def to_float_tensor(layer):
    return torch.from_numpy(layer.astype(np.float64)).permute(2, 0, 1)[None] / 255


@given(layers)
def test_composites_lie_between_their_layers(drawn):
    foreground, background, alpha = drawn
    composite = compositing.blend(foreground, background, alpha)
    assert composite.dtype == np.uint8
    assert (composite >= np.minimum(foreground, background)).all()
    assert (composite <= np.maximum(foreground, background)).all()


@given(layers)
def test_blend_is_equation_one_rounded(drawn):
    foreground, background, alpha = drawn
    weight = alpha.astype(np.float64)[:, :, None]
    expected = weight * foreground + (1 - weight) * background
    assert np.abs(compositing.blend(foreground, background, alpha) - expected).max() <= 0.5 + 1e-4


@given(layers)
def test_opaque_shows_the_foreground_and_empty_the_background(drawn):
    foreground, background, alpha = drawn
    composite = compositing.blend(foreground, background, alpha)
    assert np.array_equal(composite[alpha == 1], foreground[alpha == 1])
    assert np.array_equal(composite[alpha == 0], background[alpha == 0])


@given(layers)
def test_compose_on_tensors_agrees_with_blend_on_arrays(drawn):
    foreground, background, alpha = drawn
    tensors = (
        to_float_tensor(foreground),
        to_float_tensor(background),
        to_float_tensor(alpha[:, :, None] * 255),
    )
    composite = compositing.compose(*tensors)
    assert composite.shape == (1, 3, *alpha.shape)
    blended = compositing.blend(foreground, background, alpha)
    assert (255 * composite[0].permute(1, 2, 0) - torch.from_numpy(blended)).abs().max() <= 0.5 + 1e-4


def test_compose_passes_gradcheck():
    generator = torch.Generator().manual_seed(0)
    shapes = (2, 3, 3, 4), (2, 3, 3, 4), (2, 1, 3, 4)
    tensors = [torch.rand(shape, dtype=torch.float64, generator=generator).requires_grad_() for shape in shapes]
    assert torch.autograd.gradcheck(compositing.compose, tensors)


@settings(max_examples=8)
@given(photo_sizes.flatmap(lambda size: st.tuples(images(size), alphas(size))))
def test_opaque_pixels_keep_the_photos_colour_exactly(drawn):
    image, alpha = drawn
    before = image.copy()
    foreground = compositing.estimate_foreground(image, alpha)
    assert foreground.dtype == np.uint8
    assert foreground.shape == image.shape
    assert np.array_equal(foreground[alpha == 1], image[alpha == 1])
    assert np.array_equal(image, before)


def test_estimated_foreground_is_free_of_the_old_background():
    alpha = np.repeat(np.clip(np.linspace(-0.5, 1.5, 120, dtype=np.float32), 0, 1)[None], 80, axis=0)
    red, blue = compositing.solid((80, 120), (200, 40, 30)), compositing.solid((80, 120), (20, 60, 220))
    foreground = compositing.estimate_foreground(compositing.blend(red, blue, alpha), alpha)
    assert np.abs(foreground.astype(int) - red)[alpha > 0.1].max() <= 6


def test_estimated_foreground_over_a_real_photo_explains_it(shared_data):
    image, alpha = real_or_drawn_photo(shared_data)
    foreground = compositing.estimate_foreground(image, alpha)
    # Whatever background there was, the photo lies on the line from it (any colour) to the foreground.
    share = alpha[:, :, None]
    background = (image - share * foreground) / np.maximum(1 - share, 1e-3)
    soft = (alpha > 0.05) & (alpha < 0.95)
    plausible = (background > -26) & (background < 281)
    assert plausible.all(2)[soft].mean() > 0.97


def real_or_drawn_photo(shared_data):
    if shared_data is None:
        alpha = np.clip(1.5 - np.hypot(*np.mgrid[-1:1:90j, -1:1:120j]) * 2, 0, 1).astype(np.float32)
        layers = compositing.solid(alpha.shape, "#c08040"), compositing.checkerboard(alpha.shape, 9)
        return compositing.blend(*layers, alpha), alpha
    image, _ = read_photo(shared_data / "lemur" / "lemur.png")
    alpha, _ = read_mask(shared_data / "lemur" / "lemur_alpha.png", image.shape[:2])
    return image, alpha


@given(sizes.flatmap(lambda size: st.tuples(images(size), alphas(size))))
def test_cutout_carries_the_colours_and_alpha_in_8_bits(drawn):
    foreground, alpha = drawn
    picture = compositing.cutout(foreground, alpha)
    assert isinstance(picture, Image.Image)
    assert picture.mode == "RGBA"
    values = np.asarray(picture)
    assert np.array_equal(values[:, :, :3], foreground)
    assert np.abs(values[:, :, 3] - 255 * alpha.astype(np.float64)).max() <= 0.5 + 1e-4


@given(sizes, st.integers(1, 5))
def test_checkerboard_alternates_by_tiles(size, tile):
    board = compositing.checkerboard(size, tile)
    assert board.shape == (*size, 3)
    assert board.dtype == np.uint8
    for y, x in np.ndindex(size):
        assert board[y, x].tolist() == [255 - 51 * ((y // tile + x // tile) % 2)] * 3


@pytest.mark.parametrize(
    ("colour", "rgb"),
    [
        ((1, 2, 3), [1, 2, 3]),
        ("#0a0b0c", [10, 11, 12]),
        ("lime", [0, 255, 0]),
        ("rgba(12.4, 200, 255.0, 1)", [12, 200, 255]),
        ("rgb(9,8,7)", [9, 8, 7]),
    ],
)
def test_solid_understands_tuples_and_the_texts_of_colour_pickers(colour, rgb):
    filled = compositing.solid((2, 3), colour)
    assert filled.dtype == np.uint8
    assert filled.tolist() == [[rgb] * 3] * 2


@given(any_image, sizes)
def test_fitted_background_has_the_size_and_no_colour_beyond_its_own(image, size):
    fitted = compositing.fit_background(image, size)
    assert fitted.shape == (*size, 3)
    assert fitted.dtype == np.uint8
    assert fitted.min() >= image.min()
    assert fitted.max() <= image.max()


@given(any_image)
def test_fitting_to_the_own_size_is_the_identity(image):
    assert np.array_equal(compositing.fit_background(image, image.shape[:2]), image)


def test_fitting_crops_the_centre():
    image = np.zeros((10, 30, 3), np.uint8)
    image[:, 10:20] = 200
    assert (compositing.fit_background(image, (10, 10)) == 200).all()
    assert (compositing.fit_background(image, (40, 40)) == 200).all()
    assert (compositing.fit_background(image.transpose(1, 0, 2), (5, 5)) == 200).all()


PHOTO, ALPHA = np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.float32)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: compositing.blend(PHOTO, PHOTO[:2], ALPHA), r"\(2, 5, 3\)"),
        (lambda: compositing.blend(PHOTO / 255, PHOTO, ALPHA), "float64"),
        (lambda: compositing.blend(PHOTO, PHOTO, ALPHA.astype(np.uint8)), "uint8"),
        (lambda: compositing.estimate_foreground(PHOTO, ALPHA[:, :, None]), r"\(4, 5, 1\)"),
        (lambda: compositing.cutout(PHOTO[:, :, 0], ALPHA), r"\(4, 5\)"),
        (lambda: compositing.checkerboard((4, 5), 0), "at least 1"),
        (lambda: compositing.solid((4, 5), "no colour"), "no colour"),
        (lambda: compositing.solid((4, 5), (0, 256, 0)), "0 to 255"),
        (lambda: compositing.solid((4, 5), (0, 0)), "red, green and blue"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(call, words):
    with pytest.raises(ValueError, match=words) as refusal:
        call()
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(("patience", "told"), [(0.01, [colours.COMPILING]), (60, [])])
def test_whoever_waits_for_the_compilation_is_told_why(monkeypatch, caplog, patience, told):
    class Slow(types.ModuleType):
        def __getattr__(self, name):
            time.sleep(0.3)
            return name

    monkeypatch.setitem(sys.modules, "pymatting", Slow("pymatting"))
    monkeypatch.setattr(colours, "PATIENCE", patience)
    assert compositing.load_estimator() == "estimate_foreground_ml"
    assert caplog.messages == told


def test_the_first_estimation_leaves_pytorch_its_threads():
    """Numba starts OpenMP's threads at its first call, so this needs a process of its own; the pipeline runs before."""
    code = (
        "import numpy as np, torch; from matting import MattingPipeline; torch.set_num_threads(1);"
        "photo = np.zeros((64, 64, 3), np.uint8); pipeline = MattingPipeline.untrained(device='cpu');"
        "pipeline.trimap_probabilities(photo, np.eye(64, dtype=np.float32));"
        "from matting.compositing import estimate_foreground;"
        "estimate_foreground(photo, np.full((64, 64), 0.5, np.float32)); assert torch.get_num_threads() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(matting.__file__).parents[1])
