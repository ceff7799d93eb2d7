import cv2
import numpy as np

from matting.data.own.checking import complaints_about
from matting.data.own.leaks import fingerprint
from matting.lessons.own_data import check_jpeg, check_mirror_proof, check_pair_check


def photo(seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (64, 48), interpolation=cv2.INTER_CUBIC)


def complaint(image, alpha):
    return " ".join(complaints_about(image, alpha))


def hard(alpha):
    """Whether it is a mask, and neither all black nor all white."""
    return set(np.unique(alpha)) == {0, 1}


def mirror_proof(image):
    """The smaller one of both fingerprints, in dictionary order."""
    return np.array(min(fingerprint(one).tolist() for one in (image, image[:, ::-1])))


def test_the_harm_of_a_jpeg():
    alpha = np.random.default_rng(0).random((64, 64)).astype(np.float32)  # as sharp as can be
    assert check_jpeg(None, alpha=alpha).right is None
    assert check_jpeg(60, alpha=alpha).right
    assert "rim of hair" in check_jpeg(1, alpha=alpha).said and "So bad" in check_jpeg(250, alpha=alpha).said


def test_a_check_of_pairs():
    assert check_pair_check(lambda image, alpha: None).right is None
    assert check_pair_check(complaint).right
    for hint, wrong in {
        "good pair": lambda image, alpha: "bad",
        "resized": lambda image, alpha: "" if image.shape[:2] != alpha.shape else complaint(image, alpha),
        "black": lambda image, alpha: "" if not alpha.any() else complaint(image, alpha),
        "without a soft edge": lambda image, alpha: "" if hard(alpha) else complaint(image, alpha),
    }.items():
        verdict = check_pair_check(wrong)
        assert verdict.right is False and hint in verdict.said, verdict


def test_a_fingerprint_that_mirrors_share():
    photos = {str(seed): photo(seed) for seed in range(4)}
    assert check_mirror_proof(lambda image: ..., photos=photos).right is None
    assert check_mirror_proof(mirror_proof, photos=photos).right
    for hint, wrong in {
        "mirror image differ": fingerprint,
        "everything is alike": lambda image: np.zeros(100, bool),
    }.items():
        verdict = check_mirror_proof(wrong, photos=photos)
        assert verdict.right is False and hint in verdict.said, verdict
