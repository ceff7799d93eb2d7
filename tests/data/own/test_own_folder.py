import cv2
import numpy as np
import pytest
from pictures import refused

from matting.data.own.checking import check_folder, complaints_about
from matting.data.own.leaks import ALIKE, distance, find_leaks, fingerprint
from matting.images import write_alpha, write_png

SIZE = (48, 64)


def photo(seed):
    """Soft blobs, another picture for every seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_CUBIC)


def matte(radius=14.0):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.clip((radius - np.hypot(y - 24, x - 30)) / 6 + 0.5, 0, 1).astype(np.float32)


@pytest.fixture
def root(tmp_path):
    """Four good pairs."""
    for name in ("image", "alpha"):
        (tmp_path / name).mkdir()
    for seed in range(4):
        add(tmp_path, f"good-{seed}", photo(seed), matte(10 + seed))
    return tmp_path


def add(root, name, image, alpha):
    if image is not None:
        write_png(root / "image" / f"{name}.png", image)
    if alpha is not None:
        write_alpha(root / "alpha" / f"{name}.png", alpha)


def test_a_good_folder_has_no_complaint(root):
    report = check_folder(root)
    assert report.usable == [f"good-{seed}" for seed in range(4)]
    assert all(pair.size == SIZE[::-1] and 0.05 < pair.soft < 0.5 for pair in report.pairs)


@pytest.mark.parametrize(
    ("image", "alpha", "said"),
    [
        (photo(9), None, "no matte"),
        (None, matte(), "no photo"),
        (photo(9), matte()[::2, ::2], "64 x 48 pixels and its matte 32 x 24"),
        (photo(9), np.zeros(SIZE, np.float32), "black"),
        (photo(9), np.ones(SIZE, np.float32), "white"),
        (photo(9), (matte() > 0.5).astype(np.float32), "mask without a soft edge"),
        (photo(9), cv2.cvtColor(photo(9), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255, "photo itself"),
    ],
)
def test_a_planted_fault_is_named_and_the_others_stay_usable(root, image, alpha, said):
    add(root, "bad", image, alpha)
    report = check_folder(root)
    complaints = {pair.name: pair.complaints for pair in report.pairs if pair.complaints}
    assert list(complaints) == ["bad"] and len(complaints["bad"]) == 1 and said in complaints["bad"][0]
    assert said in repr(report) and len(report.usable) == 4


def test_a_jpeg_of_a_matte_and_a_broken_file_are_named(root):
    write_png(root / "image" / "jpeg.png", photo(7))
    cv2.imwrite(str(root / "alpha" / "jpeg.jpg"), np.rint(matte() * 255).astype(np.uint8))
    write_png(root / "image" / "broken.png", photo(8))
    (root / "alpha" / "broken.png").write_bytes(b"no picture")
    complaints = {pair.name: pair.complaints for pair in check_folder(root).pairs if pair.complaints}
    assert set(complaints) == {"jpeg", "broken"} and "PNG" in complaints["jpeg"][0]


def test_a_folder_that_is_missing_is_named(tmp_path):
    refused(lambda: check_folder(tmp_path), "image")


def test_pictures_of_one_thing_have_nearly_one_fingerprint():
    first = photo(0)
    smaller = cv2.resize(first, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    brighter = np.clip(first * 1.2 + 8, 0, 255).astype(np.uint8)
    jpeg = cv2.imdecode(cv2.imencode(".jpg", first, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    for other in (smaller, brighter, jpeg):
        assert distance(fingerprint(first), fingerprint(other)) <= ALIKE
    others = [distance(fingerprint(first), fingerprint(photo(seed))) for seed in range(1, 20)]
    assert min(others) > 2 * ALIKE


def test_leaks_are_found_mirrored_too():
    train = {"a": photo(0), "b": photo(1)}
    test = {"c": photo(2), "small": cv2.resize(photo(0), (40, 30)), "mirror": photo(1)[:, ::-1].copy()}
    assert find_leaks(train, test) == [("a", "small"), ("b", "mirror")]
    assert find_leaks(train, {"c": photo(2)}) == []


def test_twins_go_to_one_side_of_the_split(root):
    add(root, "twin", np.clip(photo(0) * 1.1, 0, 255).astype(np.uint8), matte(9))
    report = check_folder(root)
    for seed in range(8):
        train, test = report.split(0.3, seed)
        assert sorted(train + test) == report.usable and train and test
        assert ("twin" in test) == ("good-0" in test)
    assert report.split(0.3, 1) == report.split(0.3, 1)
    assert len({tuple(report.split(0.3, seed)[1]) for seed in range(8)}) > 1


def test_one_photo_cannot_be_split(tmp_path):
    for name in ("image", "alpha"):
        (tmp_path / name).mkdir()
    add(tmp_path, "only", photo(0), matte())
    refused(lambda: check_folder(tmp_path).split(), "two photos")


def test_a_matte_is_judged_in_memory_too():
    assert complaints_about(photo(0), matte()) == []
    assert "black" in complaints_about(photo(0), 0 * matte())[0]
