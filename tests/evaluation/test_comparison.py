import numpy as np
import pytest
from pictures import noise, refused

from matting.evaluation.benchmarks.photos import Photo
from matting.evaluation.comparison import bootstrap, evaluate
from matting.evaluation.metrics import unknown_region_scores, whole_image_scores
from matting.methods.classical import closed_form
from matting.trimaps.algebra import from_alpha

SIZE = 24


def drawn(seed):
    """A soft disc on noise, with its trimap and truth."""
    y, x = np.mgrid[:SIZE, :SIZE]
    alpha = np.clip((8 - np.hypot(y - 12, x - 11 - seed)) / 4 + 0.5, 0, 1).astype(np.float32)
    return Photo(f"disc {seed}", noise((SIZE, SIZE)), truth=alpha, trimap=from_alpha(alpha, 3, 3))


def half(image, trimap):
    """A method that knows nothing."""
    return np.full(trimap.shape, 0.5, np.float32)


def truth_of(photos):
    """A method that cannot be wrong."""
    by_trimap = {photo.trimap.tobytes(): photo.truth for photo in photos}
    return lambda image, trimap: by_trimap[trimap.tobytes()]


@pytest.fixture(scope="module")
def photos():
    return [drawn(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def results(photos):
    return evaluate({"half": half, "truth": truth_of(photos), "closed-form": "closed-form"}, photos)


def test_scores_are_those_of_the_metrics_over_the_unknown_region(results, photos):
    for photo in photos:
        unknown = photo.trimap == 128
        alpha = np.where(unknown, 0.5, photo.trimap / 255)
        assert results.scores["half"][photo.name] == unknown_region_scores(alpha, photo.truth, unknown)
        assert results.scores["truth"][photo.name].sad == 0
        assert np.array_equal(results.error("half", photo.name), np.abs(alpha - photo.truth).astype(np.float32))
    assert results.mean("half").sad == pytest.approx(np.mean([s.sad for s in results.scores["half"].values()]))


def test_a_method_by_name_is_the_packages_own(results, photos, capfd):
    expected = closed_form(photos[0].image, photos[0].trimap)
    assert np.allclose(results.alpha("closed-form", "disc 0"), expected, atol=1e-6)


def test_the_whole_photo_may_be_scored(photos):
    results = evaluate({"half": half}, photos[:1], region="whole")
    alpha = results.alpha("half", "disc 0")
    assert results.scores["half"]["disc 0"] == whole_image_scores(alpha, photos[0].truth)


def test_solvers_say_nothing_and_the_watch_hears_every_matte(photos, capfd):
    heard = []
    evaluate({"half": half, "knn": "knn"}, photos[:2], watch=heard.append)
    assert capfd.readouterr() == ("", "")
    assert heard == [0, 0.25, 0.5, 0.75]


def test_a_photo_that_a_method_cannot_matte_does_not_stop_the_others(photos):
    no_foreground = Photo("empty", photos[0].image, truth=photos[0].truth, trimap=np.minimum(photos[0].trimap, 128))
    results = evaluate({"half": half, "closed-form": "closed-form"}, [no_foreground, *photos])
    assert list(results.failed) == ["closed-form"] and "foreground" in results.failed["closed-form"]["empty"]
    assert results.common == [photo.name for photo in photos]  # so both means are over the same photos
    assert len(results.values("half")) == len(results.values("closed-form")) == 3
    assert "closed-form has no alpha of empty" in repr(results)


def test_the_table_has_a_row_for_each_method_and_every_photo(results):
    head, _, *rows = results._repr_markdown_().splitlines()
    assert all(f"SAD disc {seed}" in head for seed in range(3))
    assert [row.split("|")[1].strip() for row in rows] == ["half", "truth", "closed-form"]
    assert f"{results.mean('half').sad:.2f}" in rows[0] and "0.00 to 0.00" in rows[1]


def test_the_worst_photos_come_first(results):
    sads = [results.scores["half"][name].sad for name in results.worst("half", 3)]
    assert sads == sorted(sads, reverse=True)


def test_the_bootstrap_knows_the_error_of_a_mean():
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = bootstrap(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.05)
    assert bootstrap(np.array([2.0])) == (2, 2)


def test_the_interval_of_a_difference_is_taken_photo_by_photo(results):
    mean, low, high = results.difference("truth", "half")
    assert mean == pytest.approx(-results.mean("half").sad) and low <= mean <= high < 0
    assert results.difference("half", "half") == (0, 0, 0)


def test_what_cannot_be_scored_is_refused_in_a_sentence(photos):
    refused(lambda: evaluate({"half": half}, [photos[0], photos[0]]), "same name")
    refused(lambda: evaluate({"half": half}, [Photo("bare", photos[0].image)]), "bare needs a trimap")
    refused(lambda: evaluate({"a": "magic"}, photos), "one of spamattnet")
