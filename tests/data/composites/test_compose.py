from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from composite_cases import layer, photos
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import refused
from PIL import Image

from matting.compositing import blend
from matting.data.composites import compose
from matting.data.composites.augment import affine, background_like, camera, jitter, merge_foregrounds
from matting.data.composites.coarse_masks import blur, disturb_blobs, perturb_mask, simulated_mask, smooth_outline
from matting.data.composites.compose import CompositeData, SPAMattNetSamples, TGNSamples
from matting.data.composites.crops import crop_anywhere, crop_on_unknown
from matting.data.composites.settings import REALISTIC, exact
from matting.data.composites.trimaps import random_trimap, smear_unknown
from matting.data.pools.cutouts import import_cutouts, windows
from matting.data.pools.pool import read_pool, write_foreground
from matting.data.synthetic import Foreground
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN, from_alpha

CROP = 64
SCALES = (1.0, 1.0, 1.25, 1.6)
seeds = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    for index, size in enumerate([(110, 110), (80, 150), (50, 50)]):
        write_foreground(folder, index, layer(size, index, radius=12 + 8 * index, softness=6 + 5 * index))
    return CompositeData(read_pool(folder), photos(), CROP, seed=7)


def without_camera(data):
    return replace(data, settings=replace(REALISTIC, seen=exact))


@pytest.fixture(params=[SPAMattNetSamples, TGNSamples])
def samples(request, data):
    return request.param(data, 40)


def test_a_sample_depends_on_its_number_alone(samples, data):
    again = type(samples)(data, 40)
    order = np.random.default_rng(0).permutation(len(samples))[:12]
    later = {int(index): again[int(index)] for index in reversed(order)}
    for index in order:
        sample = samples[int(index)]
        assert sample.keys() == later[index].keys()
        assert all(torch.equal(sample[name], later[index][name]) for name in sample)


def test_other_numbers_and_seeds_give_other_samples(samples, data):
    other = type(samples)(CompositeData(data.foregrounds, data.photos, CROP, seed=8), 40)
    assert not torch.equal(samples[0]["image"], samples[1]["image"])
    assert not torch.equal(samples[0]["image"], other[0]["image"])


def test_samples_do_not_touch_the_global_random_state(samples):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    samples[3]
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])


def test_a_spamattnet_sample_has_the_shapes_and_ranges_it_says(data):
    for index in range(20):
        sample = SPAMattNetSamples(data, 20)[index]
        shapes = {name: tuple(tensor.shape) for name, tensor in sample.items()}
        colour, plane = (3, CROP, CROP), (1, CROP, CROP)
        assert shapes == {
            "image": colour, "foreground": colour, "background": colour, "alpha": plane, "trimap": plane,
        }  # fmt: skip
        assert all(
            tensor.dtype == torch.float32 and 0 <= tensor.min() <= tensor.max() <= 1 for tensor in sample.values()
        )
        assert set(sample["trimap"].unique().tolist()) <= {0.0, 0.5, 1.0}


def test_a_tgn_sample_has_the_shapes_and_ranges_it_says(data):
    met = set()
    for index in range(20):
        sample = TGNSamples(data, 20)[index]
        assert sample["image"].shape == (3, CROP, CROP) and sample["coarse_mask"].shape == (1, CROP, CROP)
        assert sample["classes"].shape == (CROP, CROP) and sample["classes"].dtype == torch.int64
        assert 0 <= sample["coarse_mask"].min() <= sample["coarse_mask"].max() <= 1
        met |= set(sample["classes"].unique().tolist())
    assert met == {0, 1, 2}


def test_the_composite_is_equation_1_before_the_camera(data):
    for index in range(20):
        sample = SPAMattNetSamples(without_camera(data), 20)[index]
        alpha, foreground, background = (sample[n].double() for n in ("alpha", "foreground", "background"))
        blended = 255 * (alpha * foreground + (1 - alpha) * background)
        assert (255 * sample["image"].double() - blended).abs().max() <= 0.5 + 1e-3  # rounded to 8 bits


def test_the_camera_changes_the_image_alone(data):
    photographed, plain = (
        [SPAMattNetSamples(given, 20)[index] for index in range(20)] for given in (data, without_camera(data))
    )
    for one, other in zip(photographed, plain, strict=True):
        assert all(torch.equal(one[n], other[n]) for n in ("alpha", "trimap", "foreground", "background"))
    assert any(not torch.equal(one["image"], other["image"]) for one, other in zip(photographed, plain, strict=True))


def test_known_regions_of_a_sample_are_true(data):
    for index in range(40):
        sample = SPAMattNetSamples(data, 40)[index]
        assert (sample["alpha"][sample["trimap"] == 1] == 1).all()
        assert (sample["alpha"][sample["trimap"] == 0] == 0).all()
        assert (sample["trimap"] == 0.5).any()


def test_tgns_classes_are_the_trimap_of_a_15_pixel_ellipse(data, monkeypatch):
    met = []
    original = compose.compose_layer

    def watching(*arguments):
        met.append(original(*arguments))
        return met[-1]

    monkeypatch.setattr(compose, "compose_layer", watching)
    sample = TGNSamples(data, 5)[0]
    values = {0: BACKGROUND, 1: UNKNOWN, 2: FOREGROUND}
    trimap = np.vectorize(values.get)(sample["classes"].numpy())
    np.testing.assert_array_equal(trimap, from_alpha(met[0].alpha, 15, 15))


@settings(max_examples=30)
@given(seed=seeds, size=st.tuples(st.integers(40, 150), st.integers(40, 150)))
def test_a_crop_is_square_undistorted_and_near_an_unknown_pixel(seed, size):
    whole = layer(size, radius=14)
    trimap = from_alpha(whole.alpha, 5, 5)
    # The colours carry the coordinates, so that the crop tells where it was cut.
    y, x = np.mgrid[: size[0], : size[1]]
    whole = Foreground(np.dstack([y, x, y]).astype(np.uint8), whole.alpha, whole.kind)
    cut, regions = crop_on_unknown(np.random.default_rng(seed), whole, trimap, CROP, SCALES)
    assert cut.colour.shape == (CROP, CROP, 3) and cut.alpha.shape == regions.shape == (CROP, CROP)
    height, width = np.ptp(cut.colour[..., 0].astype(int)), np.ptp(cut.colour[..., 1].astype(int))
    assert abs(height - width) <= 2
    assert (regions == UNKNOWN).any()
    if min(size) >= 2 * CROP:  # with room on all sides the centre itself is unknown, up to resizing
        middle = CROP // 2
        assert (regions[middle - 2 : middle + 2, middle - 2 : middle + 2] == UNKNOWN).any()


@settings(max_examples=30)
@given(seed=seeds)
def test_a_crop_with_room_around_it_is_centred_on_an_unknown_pixel(seed):
    whole = layer((320, 320), radius=20, softness=3)
    _, regions = crop_on_unknown(np.random.default_rng(seed), whole, from_alpha(whole.alpha, 1, 1), CROP, SCALES)
    middle = CROP // 2
    assert (regions[middle - 1 : middle + 2, middle - 1 : middle + 2] == UNKNOWN).any()


def test_a_layer_without_unknown_is_cut_in_its_middle():
    solid = Foreground(np.zeros((90, 90, 3), np.uint8), np.ones((90, 90), np.float32), "sharp")
    known = np.full((90, 90), FOREGROUND, np.uint8)
    cut, regions = crop_on_unknown(np.random.default_rng(0), solid, known, CROP, SCALES)
    assert (regions == FOREGROUND).all() and (cut.alpha == 1).all()


@given(seed=seeds)
def test_tgns_crop_has_alpha_in_8_bit_steps(seed):
    cut = crop_anywhere(np.random.default_rng(seed), layer(), CROP)
    steps = cut.alpha.astype(np.float64) * 255
    assert cut.alpha.dtype == np.float32 and cut.alpha.shape == (CROP, CROP)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)


def test_two_foregrounds_merge_as_they_composite():
    front, back = layer(seed=0, radius=25), layer(seed=1, radius=40)
    merged = merge_foregrounds(front, back)
    rest = (1 - front.alpha.astype(np.float64)) * (1 - back.alpha)
    np.testing.assert_allclose(merged.alpha, 1 - rest, atol=0.5 / 255 + 1e-6)
    page = np.random.default_rng(3).integers(0, 256, front.colour.shape, dtype=np.uint8)
    one_by_one = blend(front.colour, blend(back.colour, page, back.alpha), front.alpha)
    at_once = blend(merged.colour, page, merged.alpha)
    assert np.abs(one_by_one.astype(int) - at_once).max() <= 3  # three roundings


def test_merging_with_nothing_behind_changes_nothing():
    front = layer()
    empty = Foreground(np.zeros_like(front.colour), np.zeros_like(front.alpha), "soft")
    merged = merge_foregrounds(front, empty)
    np.testing.assert_array_equal(merged.alpha, front.alpha)
    np.testing.assert_array_equal(merged.colour, front.colour)


def test_merging_resizes_the_one_behind():
    merged = merge_foregrounds(layer((110, 110)), layer((60, 80), seed=1))
    assert merged.alpha.shape == (110, 110) and merged.alpha.max() == 1


@settings(max_examples=20)
@given(seed=seeds)
def test_a_warp_moves_colour_and_alpha_together(seed):
    whole = layer(radius=25)
    # Paint alpha into the colours: after the same warp they must still agree.
    painted = Foreground(np.repeat(np.rint(whole.alpha * 255).astype(np.uint8)[..., None], 3, 2), whole.alpha, "soft")
    warped = affine(np.random.default_rng(seed), painted)
    assert warped.alpha.shape == whole.alpha.shape and warped.alpha.dtype == np.float32
    assert np.abs(warped.colour[..., 0].astype(int) - np.rint(warped.alpha * 255)).max() <= 3
    area, before = warped.alpha.sum(), whole.alpha.sum()
    assert 0.45 < area / before < 1.8  # scales are 0.8 to 1.25 per axis; what leaves the frame is mirrored back


@settings(max_examples=20)
@given(seed=seeds)
def test_jitter_keeps_gray_gray(seed):
    gray = np.repeat(np.arange(0, 252, 4, dtype=np.uint8).reshape(7, 9)[..., None], 3, axis=2)
    jittered = jitter(np.random.default_rng(seed), gray)
    assert jittered.dtype == np.uint8 and jittered.shape == gray.shape
    assert np.ptp(jittered.astype(int), axis=2).max() == 0
    assert (np.diff(jittered[..., 0].ravel().astype(int)) >= 0).all()  # nor is their order changed


@settings(max_examples=30)
@given(seed=seeds, size=st.tuples(st.integers(16, 200), st.integers(16, 200)))
def test_a_background_has_the_size_asked_for(seed, size):
    background = background_like(np.random.default_rng(seed), photos(), size)
    assert background.shape == (*size, 3) and background.dtype == np.uint8 and background.flags.c_contiguous


@settings(max_examples=20)
@given(seed=seeds)
def test_the_camera_disturbs_but_does_not_destroy(seed):
    image = cv2.resize(photos()[0], (60, 50), interpolation=cv2.INTER_AREA)
    image = cv2.GaussianBlur(image, (0, 0), 4)
    seen = camera(np.random.default_rng(seed), image)
    assert seen.shape == image.shape and seen.dtype == np.uint8
    assert np.abs(seen.astype(int) - image).mean() < 35


@given(seed=seeds)
def test_a_random_trimap_never_lies(seed):
    alpha = layer(radius=25).alpha
    trimap = random_trimap(np.random.default_rng(seed), alpha)
    assert trimap.dtype == np.uint8 and set(np.unique(trimap)) <= {0, 128, 255}
    assert (alpha[trimap == FOREGROUND] == 1).all() and (alpha[trimap == BACKGROUND] == 0).all()
    assert (trimap[(alpha > 0) & (alpha < 1)] == UNKNOWN).all()


def test_random_trimaps_are_of_all_the_kinds_named():
    alpha = layer((200, 200), radius=60).alpha
    trimaps = [random_trimap(np.random.default_rng(seed), alpha) for seed in range(300)]
    without = np.mean([not (trimap == FOREGROUND).any() for trimap in trimaps])
    assert 0.005 < without < 0.1
    widths = np.array([np.count_nonzero(trimap == UNKNOWN) for trimap in trimaps]) / np.count_nonzero(alpha % 1)
    assert widths.min() < 2 and widths.max() > 6


@given(seed=seeds)
def test_smearing_only_adds_unknown(seed):
    trimap = from_alpha(layer().alpha, 5, 5)
    smeared = smear_unknown(np.random.default_rng(seed), trimap)
    changed = smeared != trimap
    assert changed.any() and (smeared[changed] == UNKNOWN).all()


def test_smearing_without_unknown_changes_nothing():
    known = np.full((20, 20), FOREGROUND, np.uint8)
    np.testing.assert_array_equal(smear_unknown(np.random.default_rng(0), known), known)


@given(seed=seeds)
def test_coarse_masks_lie_in_0_1(seed):
    alpha = layer(radius=25).alpha
    mask = perturb_mask(np.random.default_rng(seed), alpha)
    assert mask.dtype == np.float32 and mask.shape == alpha.shape
    assert mask.min() >= 0 and mask.max() <= 1


def test_coarse_masks_err_on_both_sides_and_are_mostly_blurred():
    alpha = layer((240, 240), radius=70).alpha
    masks = [perturb_mask(np.random.default_rng(seed), alpha) for seed in range(200)]
    areas = np.array([mask.sum() for mask in masks]) / alpha.sum()
    assert (areas < 0.95).mean() > 0.2 and (areas > 1.05).mean() > 0.2
    assert 0.4 < np.median(areas) < 1.6
    blurred = np.mean([((mask > 0) & (mask < 1)).any() for mask in masks])
    assert 0.65 < blurred < 0.85  # three in four


def test_tgn_n_masks_shrink_with_n():
    alpha = layer((240, 240), radius=70).alpha
    masks = [simulated_mask(alpha, erosion) for erosion in (1, 20, 30, 40, 50)]
    for larger, smaller in zip(masks, masks[1:], strict=False):
        assert (smaller <= larger + 1e-6).all()
        assert smaller.sum() < larger.sum()
    assert all(mask.dtype == np.float32 and 0 <= mask.min() <= mask.max() <= 1 for mask in masks)


def test_tgn_n_masks_erode_by_half_their_kernel():
    alpha = layer((240, 240), radius=70, softness=1).alpha
    reach = np.sqrt(simulated_mask(alpha, 1).sum() / np.pi)
    for erosion in (20, 30, 40, 50):
        radius = np.sqrt(simulated_mask(alpha, erosion).sum() / np.pi)
        assert reach - radius == pytest.approx(erosion / 2, abs=1.5)


def test_blurring_keeps_the_mask_where_it_is_even():
    mask = np.zeros((80, 80), np.uint8)
    mask[:, 40:] = 1
    soft = blur(mask, 21)
    assert (soft[:, :28] == 0).all() and np.allclose(soft[:, 52:], 1, atol=1e-6)
    assert (np.diff(soft, axis=1) >= -1e-6).all()
    np.testing.assert_allclose(soft + soft[:, ::-1], 1, atol=1e-6)


def test_smoothing_an_outline_removes_hairs_and_keeps_the_body():
    mask = np.zeros((100, 100), np.uint8)
    cv2.circle(mask, (50, 50), 30, 1, cv2.FILLED)
    haired = mask.copy()
    haired[5:50, 50] = 1
    smooth = smooth_outline(haired, 5)
    assert smooth[10, 50] == 0 and smooth[50, 50] == 1
    assert np.count_nonzero(smooth != mask) < 0.1 * np.count_nonzero(mask)


@given(seed=seeds)
def test_blobs_disturb_near_the_outline_alone(seed):
    mask = np.zeros((100, 100), np.uint8)
    cv2.circle(mask, (50, 50), 30, 1, cv2.FILLED)
    disturbed = disturb_blobs(np.random.default_rng(seed), mask)
    y, x = np.nonzero(disturbed != mask)
    assert set(np.unique(disturbed)) <= {0, 1}
    assert (np.abs(np.hypot(y - 50, x - 50) - 30) <= 13).all()  # axes are below a tenth of the side


def test_nothing_to_disturb_changes_nothing():
    empty = np.zeros((40, 40), np.uint8)
    np.testing.assert_array_equal(disturb_blobs(np.random.default_rng(0), empty), empty)


def write_photo(folder, name, whole):
    Image.fromarray(whole.colour).save(folder / f"{name}.jpg", quality=95)
    Image.fromarray(np.rint(whole.alpha * 255).astype(np.uint8)).save(folder / f"{name}.png")


def test_photos_with_mattes_become_a_pool_once(tmp_path):
    photos_folder, pool = tmp_path / "photos", tmp_path / "pool"
    photos_folder.mkdir()
    for index in range(2):
        whole = layer((90, 120), index)
        smooth = cv2.GaussianBlur(whole.colour, (0, 0), 8)
        write_photo(photos_folder, f"animal{index}", Foreground(smooth, whole.alpha, "fur"))
    assert import_cutouts(photos_folder, pool, per_photo=3, size=48) == 6
    before = {path.name: path.read_bytes() for path in read_pool(pool)}
    assert list(before) == [f"{index:06d}_fur.png" for index in range(6)]
    (pool / "000004_fur.png").unlink()
    assert import_cutouts(photos_folder, pool, per_photo=3, size=48) == 6
    assert before == {path.name: path.read_bytes() for path in read_pool(pool)}


def test_windows_show_soft_alpha_and_keep_their_scale():
    for cut in windows(np.random.default_rng(0), layer((90, 120)), 12, 48):
        assert cut.colour.shape == (48, 48, 3) and cut.alpha.shape == (48, 48)
        assert ((cut.alpha > 0) & (cut.alpha < 1)).any()


def test_photos_that_cannot_be_cut_out_are_refused_in_a_sentence(tmp_path):
    refused(lambda: import_cutouts(tmp_path, tmp_path / "pool", 2), str(tmp_path))
    Image.fromarray(layer().colour).save(tmp_path / "cat.jpg")
    refused(lambda: import_cutouts(tmp_path, tmp_path / "pool", 2), "cat.jpg", "no matte")
    hard = Foreground(layer().colour, np.zeros((110, 110), np.float32), "fur")
    refused(lambda: list(windows(np.random.default_rng(0), hard, 1, 48)), "between 0 and 1")
