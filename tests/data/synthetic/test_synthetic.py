"""Laws of the drawn foregrounds and of the pools that hold them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from matting.data.pools.pool import fill_pool, load_textures, read_foreground, read_pool
from matting.data.synthetic import KINDS, draw_foreground
from matting.data.synthetic.canvas import blank, extend, fill, opaque, over, paint, reduce
from matting.data.synthetic.shapes import body, combed

SIZE = 96


def texture(seed: int) -> np.ndarray:
    """Return something with the colours and the grain of a photo, uint8 (80, 110, 3)."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(0, 255, (4, 5, 3)).astype(np.float32), (110, 80), interpolation=cv2.INTER_CUBIC)
    return np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def textures() -> list[np.ndarray]:
    """Three generated photos."""
    return [texture(seed) for seed in range(3)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with two photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(2):
        cv2.imwrite(str(folder / f"{seed}.png"), texture(seed))
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_every_kind_has_the_regions_that_training_needs(kind, seed, textures):
    foreground = draw_foreground(np.random.default_rng(seed), SIZE, textures, kind)
    alpha = foreground.alpha
    assert foreground.kind == kind
    assert alpha.shape == (SIZE, SIZE) and alpha.dtype == np.float32
    assert alpha.min() == 0 and alpha.max() <= 1
    assert ((alpha > 0) & (alpha < 1)).any()
    assert kind in ("smoke", "glass") or alpha.max() == 1
    np.testing.assert_array_equal(np.rint(alpha * 255) / np.float32(255), alpha)
    assert foreground.colour.shape == (SIZE, SIZE, 3) and foreground.colour.dtype == np.uint8


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_foreground_and_another_seed_another(kind, textures):
    first, again, other = (draw_foreground(np.random.default_rng(seed), SIZE, textures, kind) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.alpha, again.alpha)
    np.testing.assert_array_equal(first.colour, again.colour)
    assert not np.array_equal(first.alpha, other.alpha)


@pytest.mark.parametrize("size", [32, 33, 61])
def test_any_size_from_32_can_be_drawn(size, textures):
    assert draw_foreground(np.random.default_rng(0), size, textures).alpha.shape == (size, size)


def test_unusable_requests_are_refused_in_words(textures):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="at least 32 pixels, but 31"):
        draw_foreground(rng, 31, textures)
    with pytest.raises(ValueError, match="at least one photo"):
        draw_foreground(rng, SIZE, [])
    with pytest.raises(ValueError, match="one of hair, .* but 'wool'"):
        draw_foreground(rng, SIZE, textures, "wool")


def test_a_drawn_rectangle_covers_its_true_area_to_a_quarter_pixel():
    canvas = blank(16)
    # Pixel centres have whole coordinates: the rectangle covers columns 4 to 7 whole and half of column 8.
    fill(canvas, [np.array([[3.5, 3.5], [8.0, 3.5], [8.0, 11.5], [3.5, 11.5]])], np.array([1.0, 0.5, 0.0]))
    layer = reduce(canvas)
    assert layer[7, 5, 3] == 1 and layer[7, 2, 3] == 0
    assert layer[7, 8, 3] == pytest.approx(0.5, abs=0.25)
    np.testing.assert_allclose(layer[..., 1], layer[..., 3] / 2, atol=1 / 255)


def test_drawing_on_a_canvas_is_the_over_operator():
    red, blue = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
    square = [np.array([[2.0, 2.0], [12.0, 3.0], [11.0, 12.0], [3.0, 11.0]])]
    line = np.array([[0, 0], [1023, 900]], np.int32)
    both, below, above = blank(16), blank(16), blank(16)
    fill(both, square, red)
    fill(below, square, red)
    for canvas in (both, above):
        cv2.polylines(canvas, [line], False, opaque(blue), 1, cv2.LINE_AA, 4)
    expected = over(above.astype(np.float32) / 255, below.astype(np.float32) / 255)
    np.testing.assert_allclose(both.astype(np.float32) / 255, expected, atol=2.5 / 255)


def test_colours_reach_beyond_the_alpha_without_a_fringe():
    alpha = np.zeros((40, 40), np.float32)
    alpha[10:20, 12:25] = 1
    alpha = cv2.GaussianBlur(alpha, (0, 0), 2)
    colour = np.broadcast_to(np.array([0.9, 0.4, 0.1], np.float32), (40, 40, 3))
    np.testing.assert_allclose(extend(paint(alpha, colour)), colour, atol=1e-3)


def test_opaque_colours_are_kept_as_they_are():
    colour = np.random.default_rng(0).random((24, 24, 3), np.float32)
    np.testing.assert_allclose(extend(paint(np.ones((24, 24)), colour)), colour, atol=1e-6)


def test_a_body_is_deep_inside_and_its_normals_point_outwards():
    theta = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    circle = 50 + 25 * np.stack([np.cos(theta), np.sin(theta)], axis=1)
    ground = body([circle], 100)
    roots = ground.roots(np.random.default_rng(0), 300, 12)
    spokes = roots - 50
    radii = np.linalg.norm(spokes, axis=1)
    assert (radii < 27).all() and (radii > 25 - 12 - 4).all()
    cosine = (ground.lookup(roots, ground.normals) * spokes).sum(axis=1) / radii
    assert cosine.min() > 0.9


def test_streaks_vary_less_along_their_direction_than_across():
    streaks = combed(np.random.default_rng(0), np.zeros((64, 64)), 1.0)
    along, across = np.diff(streaks, axis=1)[:, 16:48], np.diff(streaks, axis=0)[:, 16:48]
    assert np.abs(along).mean() < 0.3 * np.abs(across).mean()


def test_an_interrupted_pool_that_goes_on_equals_an_uninterrupted_one(tmp_path, photos):
    whole = fill_pool(tmp_path / "whole", [photos], 5, size=48, seed=3)
    halves = tmp_path / "halves"
    fill_pool(halves, [photos], 2, size=48, seed=3)
    (halves / ".000002_hair.png.123").write_bytes(b"half a file")
    rest = fill_pool(halves, [photos], 5, size=48, seed=3)
    assert [path.name for path in rest] == [path.name for path in whole] == [path.name for path in read_pool(halves)]
    for one, other in zip(whole, rest, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_what_is_present_is_not_drawn_again(tmp_path, photos):
    first = fill_pool(tmp_path / "pool", [photos], 1, size=48)[0]
    first.write_bytes(b"kept")
    assert fill_pool(tmp_path / "pool", [photos], 2, size=48)[0].read_bytes() == b"kept"


def test_two_writers_make_the_same_pool_as_one(tmp_path, photos):
    one = fill_pool(tmp_path / "one", [photos], 3, size=40, seed=1, start=7)
    two = fill_pool(tmp_path / "two", [photos], 3, size=40, seed=1, start=7, workers=2)
    assert [path.name for path in one] == [path.name for path in two]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_a_foreground_comes_back_from_the_pool_as_it_was_drawn(tmp_path, photos):
    path = fill_pool(tmp_path / "pool", [photos], 3, size=48, seed=4)[2]
    drawn = draw_foreground(np.random.default_rng([4, 2]), 48, load_textures([photos]))
    read = read_foreground(path)
    assert read.kind == drawn.kind
    np.testing.assert_array_equal(read.alpha, drawn.alpha)
    np.testing.assert_array_equal(read.colour, drawn.colour)


def test_an_unreadable_file_of_a_pool_is_named(tmp_path, photos):
    pool = tmp_path / "pool"
    path = fill_pool(pool, [photos], 1, size=48)[0]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=path.name):
        read_foreground(path)
    stranger = pool / "000009_unicorn.png"
    stranger.write_bytes(b"")
    with pytest.raises(ValueError, match="unicorn"):
        read_foreground(stranger)
    opaque_file = pool / "000010_hair.png"
    cv2.imwrite(str(opaque_file), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match="000010_hair"):
        read_foreground(opaque_file)


def test_folders_without_what_is_needed_are_named(tmp_path):
    with pytest.raises(ValueError, match="missing"):
        read_pool(tmp_path / "missing")
    with pytest.raises(ValueError, match=tmp_path.name):
        load_textures([tmp_path])


def test_textures_are_shrunk_to_the_longest_side_and_keep_their_colours(tmp_path):
    photo = np.zeros((60, 120, 3), np.uint8)
    photo[..., 2] = 200  # red, as OpenCV orders the channels
    cv2.imwrite(str(tmp_path / "red.png"), photo)
    (shrunk,) = load_textures([tmp_path], max_side=40)
    assert shrunk.shape == (20, 40, 3)
    assert (shrunk == [200, 0, 0]).all()
