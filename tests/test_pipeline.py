from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import encoded, refused
from PIL import Image

from matting import MattingPipeline, MattingResult
from matting.inference import whole_photo
from matting.inference.fusion import NEGLIGIBLE
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN, from_probabilities, to_one_hot

SIZES = [(37, 91), (64, 64), (200, 133), (2, 70)]


@pytest.fixture(scope="module")
def pipeline():
    """Untrained, but TGN's last layer is made bold, so that all three regions appear in its trimaps."""
    networks = MattingPipeline.untrained(seed=0, device="cpu")._originals
    with torch.no_grad():
        networks["tgn"].classify.weight.mul_(100)
    return MattingPipeline(**networks, device="cpu")


def photo(size, seed=0):
    """A bright disc before grain."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 120, (*size, 3), dtype=np.uint8)
    image[disc(size, 0.4)] += 120
    return image


def disc(size, radius):
    y, x = np.mgrid[: size[0], : size[1]]
    return np.hypot((y - size[0] / 2) / size[0], (x - size[1] / 2) / size[1]) < radius


def mask(size):
    return disc(size, 0.35).astype(np.float32)


def trimap(size):
    return np.select([disc(size, 0.25), ~disc(size, 0.45)], [FOREGROUND, BACKGROUND], UNKNOWN).astype(np.uint8)


def assert_whole(result, size):
    assert isinstance(result, MattingResult)
    assert result.image.shape == (*size, 3)
    assert result.alpha.shape == size and result.alpha.dtype == np.float32
    assert result.alpha.min() >= 0 and result.alpha.max() <= 1
    assert result.trimap.shape == size and set(np.unique(result.trimap)) <= {0, 128, 255}
    assert all(notice.endswith(".") for notice in result.notices)


@pytest.mark.parametrize("size", SIZES)
def test_alpha_has_the_photos_own_size(pipeline, size):
    result = pipeline(photo(size), coarse_mask=mask(size))
    assert_whole(result, size)
    assert result.trimap_probabilities.shape == (*size, 3) and result.trimap_probabilities.dtype == np.float32
    np.testing.assert_allclose(result.trimap_probabilities.sum(axis=2), 1, atol=1e-5)
    np.testing.assert_array_equal(result.trimap, from_probabilities(result.trimap_probabilities))
    np.testing.assert_array_equal(result.coarse_mask, mask(size))


def test_the_bold_pipeline_meets_all_three_regions(pipeline):
    assert set(np.unique(pipeline.trimap(photo((64, 64)), mask((64, 64))))) == {0, 128, 255}


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK", "P", "1", "I;16", "EXIF", "path", "bytes"])
def test_every_kind_of_photo_comes_in(pipeline, mode, tmp_path):
    picture = Image.fromarray(photo((40, 56)))
    size = picture.size[::-1]
    if mode == "EXIF":
        exif = Image.Exif()
        exif[0x0112] = 6
        source, size = encoded(picture, "JPEG", exif=exif), picture.size
    elif mode == "I;16":
        source = encoded(Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257), "PNG")
    elif mode == "path":
        source = tmp_path / "photo.png"
        picture.save(source)
    else:
        source = encoded(picture, "PNG") if mode == "bytes" else picture.convert(mode)
    assert_whole(pipeline(source, trimap=trimap(size)), size)


@pytest.mark.parametrize("fusion", ["hard", "soft"])
@pytest.mark.parametrize("size", SIZES[:3])
def test_a_given_trimap_survives_exactly(pipeline, size, fusion):
    given_trimap = trimap(size)
    result = pipeline(photo(size), trimap=given_trimap, fusion=fusion)
    np.testing.assert_array_equal(result.trimap, given_trimap)
    assert (result.alpha[given_trimap == FOREGROUND] == 1).all()
    assert (result.alpha[given_trimap == BACKGROUND] == 0).all()
    assert len(np.unique(result.alpha[given_trimap == UNKNOWN])) > 10  # the network has spoken there
    assert result.trimap_probabilities is None and result.coarse_mask is None


def test_hard_fusion_keeps_what_tgn_knows(pipeline):
    result = pipeline(photo((64, 80)), coarse_mask=mask((64, 80)), fusion="hard")
    assert (result.alpha[result.trimap == FOREGROUND] == 1).all()
    assert (result.alpha[result.trimap == BACKGROUND] == 0).all()


def test_soft_fusion_is_equation_15(pipeline):
    size = (64, 80)
    result = pipeline(photo(size), coarse_mask=mask(size), fusion="soft")
    estimate = whole_photo.estimate_alpha(pipeline._spamattnet, photo(size), result.trimap).astype(np.float64)
    background, _, foreground = np.moveaxis(result.trimap_probabilities.astype(np.float64), 2, 0)
    unknown = 1 - (foreground + background)
    known = foreground + background  # 0 where TGN is sure of the unknown, and so is Eq. 13's first term
    equation_13 = (1 - unknown) * foreground / np.where(known > 0, known, 1) + unknown * estimate
    # Where alpha weighs less than NEGLIGIBLE it is not computed; where it is, it is the dense one but for rounding.
    np.testing.assert_allclose(result.alpha, equation_13, atol=NEGLIGIBLE + 1e-5)
    assert ((result.alpha != 0) & (result.trimap == BACKGROUND)).any()  # unlike hard fusion


@pytest.mark.parametrize("value", [BACKGROUND, UNKNOWN, FOREGROUND])
def test_painted_pixels_survive_soft_fusion_exactly(pipeline, value):
    size = (64, 80)
    probabilities = pipeline.trimap_probabilities(photo(size), mask(size))
    painted = from_probabilities(probabilities)
    stroke = np.zeros(size, bool)
    stroke[8:56] = True
    stroke &= painted != value  # what the stroke changes
    assert stroke.any()
    painted[stroke] = value
    alpha = pipeline.alpha(photo(size), painted, probabilities, "soft")
    expected = whole_photo.estimate_alpha(pipeline._spamattnet, photo(size), painted)
    expected = {BACKGROUND: np.zeros(size), FOREGROUND: np.ones(size), UNKNOWN: expected}[value]
    np.testing.assert_allclose(alpha[stroke], expected[stroke], atol=1e-5 if value == UNKNOWN else 0)


@pytest.mark.parametrize("fusion", ["hard", "soft"])
def test_three_steps_equal_one_call(pipeline, fusion):
    size, points = (61, 83), [(40, 30, 1), (2, 2, 0)]
    whole = pipeline(photo(size), points=points, fusion=fusion)
    coarse = pipeline.coarse_mask(photo(size), points=points)
    probabilities = pipeline.trimap_probabilities(photo(size), coarse)
    regions = pipeline.trimap(photo(size), coarse, points=points)
    np.testing.assert_array_equal(whole.coarse_mask, coarse)
    np.testing.assert_array_equal(whole.trimap_probabilities, probabilities)
    np.testing.assert_array_equal(whole.trimap, regions)
    np.testing.assert_array_equal(whole.alpha, pipeline.alpha(photo(size), regions, probabilities, fusion))


def test_the_trimap_is_foreground_where_plus_was_clicked_and_background_at_minus_and_beyond_the_box(pipeline):
    size, points, box = (61, 83), [(40, 30, 1), (22, 12, 0)], (20, 10, 60, 50)
    result = pipeline(photo(size), points=points, box=box)
    clicked = {label: result.trimap[y, x] for x, y, label in points}
    agreed = {label: result.coarse_mask[y, x] >= 0.5 for x, y, label in points}
    assert agreed == {1: True, 0: False}
    assert clicked[0] == BACKGROUND and result.alpha[12, 22] == 0
    assert clicked[1] == FOREGROUND or result.trimap_probabilities[30, 40, 1] > 0.97
    outside = np.ones(size, bool)
    outside[10:50, 20:60] = False
    assert (result.trimap[outside] == BACKGROUND).all() and (result.alpha[outside] == 0).all()


def test_a_trimap_stopped_saved_and_read_again_goes_on_alike(pipeline, tmp_path):
    size = (61, 83)
    result = pipeline(photo(size), coarse_mask=mask(size))
    Image.fromarray(result.trimap).save(tmp_path / "trimap.png")
    np.testing.assert_array_equal(pipeline(photo(size), trimap=tmp_path / "trimap.png").alpha, result.alpha)


def test_without_unknown_alpha_is_the_trimap_and_no_network_runs(pipeline):
    size = (30, 40)
    known = np.where(disc(size, 0.3), FOREGROUND, BACKGROUND).astype(np.uint8)
    ran = []
    hook = pipeline._spamattnet.last_upsampling.register_forward_pre_hook(lambda *_: ran.append(True))
    try:
        result = pipeline(photo(size), trimap=known)
        assert not ran
        pipeline(photo(size), trimap=trimap(size))
        assert ran
    finally:
        hook.remove()
    np.testing.assert_array_equal(result.alpha, disc(size, 0.3).astype(np.float32))
    assert any("no unknown" in notice for notice in result.notices)


@pytest.mark.parametrize(("missing", "word"), [(FOREGROUND, "no foreground"), (BACKGROUND, "no background")])
def test_a_trimap_without_a_region_goes_on_with_a_notice(pipeline, missing, word):
    size = (40, 40)
    lacking = np.where(trimap(size) == missing, UNKNOWN, trimap(size)).astype(np.uint8)
    result = pipeline(photo(size), trimap=lacking)
    assert any(word in notice for notice in result.notices)
    assert np.isfinite(result.alpha).all()


@settings(max_examples=12)
@given(size=st.tuples(st.integers(2, 70), st.integers(2, 70)), seed=st.integers(0, 99))
def test_any_scattered_trimap_survives(pipeline, size, seed):
    scattered = np.random.default_rng(seed).choice([0, 128, 255], size).astype(np.uint8)
    alpha = pipeline.alpha(photo(size, seed), scattered)
    assert alpha.shape == size and np.isfinite(alpha).all()
    assert (alpha[scattered == 255] == 1).all() and (alpha[scattered == 0] == 0).all()


def test_the_same_call_gives_the_same_answer(pipeline):
    first, second = (pipeline(photo((50, 70)), box=(10, 10, 60, 45)) for _ in range(2))
    np.testing.assert_array_equal(first.alpha, second.alpha)
    np.testing.assert_array_equal(first.coarse_mask, second.coarse_mask)


def test_the_same_seed_gives_the_same_networks():
    first, second, other = (MattingPipeline.untrained(seed=seed, device="cpu")._originals for seed in (3, 3, 4))
    for name, network in first.items():
        pairs = zip(network.parameters(), second[name].parameters(), other[name].parameters(), strict=True)
        equal = [(torch.equal(a, b), torch.equal(a, c)) for a, b, c in pairs]
        assert all(same for same, _ in equal) and not all(same for _, same in equal)


def test_building_leaves_the_callers_random_state_alone():
    before = torch.get_rng_state()
    MattingPipeline.untrained(seed=5, device="cpu")
    assert torch.equal(before, torch.get_rng_state())


def test_threads_that_share_a_pipeline_get_the_answers_they_get_alone(pipeline):
    sizes = [(37, 91), (64, 64), (48, 33), (70, 50), (33, 48), (64, 65)]
    jobs = [(photo(size, seed), trimap(size), mask(size)) for seed, size in enumerate(sizes)]

    def work(job):
        image, regions, coarse = job
        points = [(image.shape[1] // 2, image.shape[0] // 2, 1)]
        return (
            pipeline(image, trimap=regions).alpha,
            pipeline(image, coarse_mask=coarse).alpha,
            pipeline(image, points=points).alpha,
        )

    alone = [work(job) for job in jobs]
    with ThreadPoolExecutor(4) as executor:
        together = list(executor.map(work, jobs))
    for one, other in zip(alone, together, strict=True):
        for a, b in zip(one, other, strict=True):
            # Where memory happens to lie may choose another kernel, which rounds otherwise; others' photos are far off.
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def test_inputs_are_not_written_to(pipeline):
    size = (40, 50)
    given_photo, given_mask, given_trimap = photo(size), mask(size), trimap(size)
    for array in (given_photo, given_mask, given_trimap):
        array.flags.writeable = False
    pipeline(given_photo, coarse_mask=given_mask, fusion="soft")
    probabilities = pipeline.trimap_probabilities(given_photo, given_mask)
    probabilities.flags.writeable = False
    pipeline.alpha(given_photo, given_trimap, probabilities, "soft")


def test_foreground_and_cutout_come_with_the_result(pipeline):
    size = (40, 50)
    result = pipeline(photo(size), trimap=trimap(size))
    assert result.foreground.shape == (*size, 3) and result.foreground.dtype == np.uint8
    assert result.cutout.mode == "RGBA" and result.cutout.size == size[::-1]
    assert result.foreground is result.foreground  # estimated once
    opaque = result.alpha == 1
    np.testing.assert_array_equal(result.foreground[opaque], photo(size)[opaque])
    assert not np.array_equal(result.foreground, photo(size))
    shown = np.rint(result.alpha * 255) > 0
    assert 0 < shown.sum() < shown.size
    colours = np.asarray(result.cutout)[:, :, :3]
    np.testing.assert_array_equal(colours[shown], result.foreground[shown])
    assert not colours[~shown].any()  # so that files are small


def test_notices_say_what_was_done_to_the_input(pipeline):
    size = (40, 50)
    rgba = Image.fromarray(photo(size)).convert("RGBA")
    rgba.putalpha(Image.fromarray((disc(size, 0.4) * 255).astype(np.uint8)))
    small = Image.fromarray((mask(size) * 255).astype(np.uint8)).resize((25, 20))
    notices = pipeline(rgba, coarse_mask=small).notices
    assert any("transparent" in notice for notice in notices)
    assert any("resized" in notice for notice in notices)
    anti_aliased = np.asarray(Image.fromarray(trimap(size)).resize((50, 40), Image.Resampling.BILINEAR)).copy()
    anti_aliased[0, 0] = 60
    assert any("cleaned" in notice for notice in pipeline(photo(size), trimap=anti_aliased).notices)
    assert any("middle of the photo" in notice for notice in pipeline(photo(size), coarse="grabcut").notices)
    assert pipeline(photo(size), points=[(25, 20, 1)]).notices == ()


def test_guidance_that_contradicts_itself_is_refused_in_a_sentence(pipeline):
    size = (40, 50)
    two = [
        {"coarse_mask": mask(size), "trimap": trimap(size)},
        {"coarse_mask": mask(size), "points": [(5, 5, 1)]},
        {"trimap": trimap(size), "box": (1, 1, 20, 20)},
    ]
    for guidance in two:
        refused(lambda guidance=guidance: pipeline(photo(size), **guidance), "one of")


@pytest.mark.parametrize("guidance", ["trimap", "coarse_mask", "points"])
def test_an_unknown_fusion_is_refused(pipeline, guidance):
    size = (40, 50)
    guide = {"trimap": trimap(size), "coarse_mask": mask(size), "points": [(25, 20, 1)]}[guidance]
    refused(lambda: pipeline(photo(size), **{guidance: guide}, fusion="wet"), "hard", "soft", "wet")


@pytest.mark.parametrize("point", [(50, 5, 1), (5, 40, 1), (-1, 5, 0), (float("nan"), 5, 1)])
def test_a_point_outside_the_photo_is_refused(pipeline, point):
    refused(lambda: pipeline(photo((40, 50)), points=[point]), "outside the photo", "50x40")


def test_other_bad_guidance_is_refused_in_a_sentence(pipeline):
    image = photo((40, 50))
    refused(lambda: pipeline(image, box=(30, 30, 10, 10)), "box")
    refused(lambda: pipeline(image, points=[(5, 5, 2)]), "label")
    refused(lambda: pipeline(image, points=[(5, 5)]), "point")
    refused(lambda: pipeline(image, points=[(5, 5, 1)], coarse="cookie-cutter"), "cookie-cutter", "grabcut")
    refused(lambda: pipeline(image, coarse_mask=np.zeros((10, 90), np.float32)), "90x10", "50x40")
    refused(lambda: pipeline(image, trimap=np.zeros((90, 10), np.uint8)), "10x90", "50x40")
    refused(lambda: pipeline(b"", trimap=trimap((40, 50))))
    wrong = np.full((20, 30, 3), 1 / 3, np.float32)
    refused(lambda: pipeline.alpha(image, trimap((40, 50)), wrong, "soft"), "(40, 50, 3)", "(20, 30, 3)")


def test_points_and_box_may_be_arrays(pipeline):
    image = photo((40, 50))
    listed = pipeline(image, points=[(25, 20, 1), (1, 1, 0)], box=(5, 5, 45, 35))
    arrays = pipeline(image, points=np.array([(25, 20, 1), (1, 1, 0)]), box=np.array([5, 5, 45, 35]))
    np.testing.assert_array_equal(listed.alpha, arrays.alpha)


def test_points_and_a_box_work_together(pipeline):
    size = (40, 50)
    result = pipeline(photo(size), points=[(25, 20, 1)], box=(10, 8, 40, 32))
    assert_whole(result, size)
    assert result.coarse_mask[20, 25] > 0.5


def test_a_segmenter_is_loaded_once_under_every_name(pipeline):
    assert pipeline.segmenter("grabcut") is pipeline.segmenter("grabcut")
    with ThreadPoolExecutor(4) as executor:
        assert len(set(map(id, executor.map(pipeline.segmenter, ["grabcut"] * 8)))) == 1


def test_a_stack_of_alphas_does_not_change_by_the_photos_before(pipeline):
    size = (50, 60)
    first = pipeline.alpha(photo(size), trimap(size))
    pipeline.alpha(photo((90, 20)), trimap((90, 20)))
    np.testing.assert_array_equal(first, pipeline.alpha(photo(size), trimap(size)))


def test_bfloat16_comes_near_float32(pipeline):
    size = (64, 96)
    half = MattingPipeline(**pipeline._originals, device="cpu", dtype=torch.bfloat16)
    exact, rough = (p.alpha(photo(size), trimap(size)) for p in (pipeline, half))
    assert rough.dtype == np.float32
    assert np.abs(exact - rough).mean() < 0.02  # bfloat16 keeps 8 bits: a step is 1/256 per layer


def test_painted_probabilities_are_one_hot():
    regions = trimap((20, 20))
    np.testing.assert_array_equal(from_probabilities(to_one_hot(regions)), regions)
