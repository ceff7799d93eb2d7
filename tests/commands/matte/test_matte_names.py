"""How photos are named on the command line, as shells of every kind hand names on."""

import pytest
from pictures import circle, save

from matting.__main__ import main
from matting.commands import UsageError
from matting.commands.matte.naming import find_photos

SIZE = (40, 56)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-dash.png", "a.png", "b.png"):
        save(tmp_path / name, (circle(SIZE, (20, 28), 12)[..., None] * [200, 90, 40] + 20).astype("uint8"))
    save(tmp_path / "trimap.png", (circle(SIZE, (20, 28), 9) * 127 + circle(SIZE, (20, 28), 15) * 128).astype("uint8"))
    return tmp_path


def test_a_name_that_begins_with_a_dash_is_a_photo(photos, weights):
    words = ["matte", "-dash.png", "--trimap", "trimap.png", "--out", "out", "--weights", str(weights)]
    assert main([*words, "--device", "cpu"]) == 0
    assert (photos / "out" / "-dash_alpha.png").exists()


def test_a_pattern_that_the_shell_has_left_is_filled_in(photos):
    assert [photo.name for photo in find_photos(["?.png"], photos / "out")] == ["a.png", "b.png"]
    assert [photo.name for photo in find_photos(["gone*.png"], photos / "out")] == ["gone*.png"]
    (photos / "[1].png").write_bytes((photos / "a.png").read_bytes())
    assert [photo.name for photo in find_photos(["[1].png"], photos / "out")] == ["[1].png"]


def test_of_a_folder_of_folders_it_is_said_where_the_pictures_are(photos):
    (photos / "holiday" / "monday").mkdir(parents=True)
    (photos / "a.png").rename(photos / "holiday" / "monday" / "a.png")
    with pytest.raises(UsageError, match="its folders do; name these"):
        find_photos(["holiday"], photos / "out")
