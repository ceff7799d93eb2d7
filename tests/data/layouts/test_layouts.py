import json
import subprocess
import sys
from pathlib import Path

import pytest
from pictures import refused

from matting.data.layouts import LAYOUTS, read_layout

VOC = "VOCdevkit/VOC2012/JPEGImages"


def plant(root, *files):
    """Write empty files, whatever folders they need."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def relative(example, root):
    """The fields of an example that are set, paths relative to a root."""

    def shown(value):
        if isinstance(value, Path):
            return value.relative_to(root).as_posix()
        return {key: shown(path) for key, path in value.items()} if isinstance(value, dict) else value

    return {key: shown(value) for key, value in vars(example).items() if value}


def adobe(root):
    base = root / "Combined_Dataset"
    train, test = "Training_set/{}/{}/{}", "Test_set/Adobe-licensed images/{}/{}"
    plant(
        base,
        *(train.format("Adobe-licensed images", kind, "lace.jpg") for kind in ("fg", "alpha")),
        train.format("Other", "fg", "boy.JPG"),
        train.format("Other", "alpha", "boy.png"),
        *(test.format(kind, f"{name}.png") for kind in ("fg", "alpha") for name in ("spider", "cat")),
        *(test.format("trimaps", f"{name}_{i}.png") for name in ("spider", "cat") for i in range(20)),
    )
    plant(root, *(f"{VOC}/2008_{i:06d}.jpg" for i in range(40)))
    # The lists' order is not the alphabet's, and Windows wrote one of them.
    (base / "Test_set/test_fg_names.txt").write_text("spider.png\ncat.png\n")
    (base / "Test_set/test_bg_names.txt").write_text("".join(f"2008_{39 - i:06d}.jpg\r\n" for i in range(40)))
    return root


def distinctions(root):
    return plant(
        root,
        *(f"Distinctions-646/{part}/{kind}/a.png" for part in ("Train", "Test") for kind in ("FG", "GT")),
    )


def p3m(root, validation="validation/"):
    plant(root, "P3M-10k/train/blurred_image/p_1.jpg", "P3M-10k/train/mask/p_1.png")
    for part, images in (("P3M-500-P", "blurred_image"), ("P3M-500-NP", "original_image")):
        base = f"P3M-10k/{validation}{part}"
        plant(root, f"{base}/{images}/q.jpg", f"{base}/mask/q.png", f"{base}/trimap/q.png")
    return root


def aim500(root):
    plant(root, *(f"{kind}/o_{i}.{end}" for i in range(2) for kind, end in (("original", "jpg"), ("mask", "png"))))
    plant(root, *(f"trimap/o_{i}.png" for i in range(2)))
    entries = {"o_0": {"type": "STM", "category": "plant"}, "o_1.jpg": {"type": "NS", "category": "toy"}}
    (root / "aim_category_type.json").write_text(json.dumps(entries))
    return root


def am2k(root):
    plant(root, "train/original/m_1.jpg", "train/mask/m_1.png")
    return plant(root, "validation/original/m_2.jpg", "validation/mask/m_2.png", "validation/trimap/m_2.png")


def rwp636(root):
    return plant(root, "image/7.jpg", "alpha/7.png", "segmask/7.png", "detailmap/7_cloud_trimap.jpg")


def alphamatting(root):
    for number in (1, 2):
        plant(root, f"trimap_training_lowres/Trimap{number}/GT01.png")
    for number in (1, 2, 3):
        plant(root, f"trimap_lowres/Trimap{number}/doll.png")
    return plant(root, "input_training_lowres/GT01.png", "gt_training_lowres/GT01.png", "input_lowres/doll.png")


def test_adobe_trains_on_both_folders_whatever_the_formats(tmp_path):
    boy, lace = read_layout("adobe", adobe(tmp_path), "train")
    base = "Combined_Dataset/Training_set"
    assert relative(boy, tmp_path) == {
        "name": "boy",
        "foreground": f"{base}/Other/fg/boy.JPG",
        "alpha": f"{base}/Other/alpha/boy.png",
    }
    assert relative(lace, tmp_path)["foreground"] == f"{base}/Adobe-licensed images/fg/lace.jpg"


def test_composition_1k_gives_each_foreground_the_next_twenty_backgrounds(tmp_path):
    examples = read_layout("adobe", adobe(tmp_path))
    assert [example.name for example in examples] == [f"{n}_{i}" for n in ("spider", "cat") for i in range(20)]
    assert relative(examples[21], tmp_path) == {
        "name": "cat_1",
        "foreground": "Combined_Dataset/Test_set/Adobe-licensed images/fg/cat.png",
        "alpha": "Combined_Dataset/Test_set/Adobe-licensed images/alpha/cat.png",
        "trimap": "Combined_Dataset/Test_set/Adobe-licensed images/trimaps/cat_1.png",
        "background": f"{VOC}/2008_000018.jpg",
    }
    assert len({example.background for example in examples}) == 40


@pytest.mark.parametrize("place", ["Combined_Dataset/{}", "{}"])
def test_adobes_lists_may_lie_beside_the_sets(tmp_path, place):
    expected = read_layout("adobe", adobe(tmp_path))
    for name in ("test_fg_names.txt", "test_bg_names.txt"):
        (tmp_path / "Combined_Dataset/Test_set" / name).rename(tmp_path / place.format(name))
    assert read_layout("adobe", tmp_path) == expected


def test_adobes_root_may_be_the_combined_dataset_itself(tmp_path):
    expected = read_layout("adobe", adobe(tmp_path))
    assert read_layout("adobe", tmp_path / "Combined_Dataset") == expected


def test_what_adobe_lacks_is_named(tmp_path):
    adobe(tmp_path)
    test = tmp_path / "Combined_Dataset/Test_set"
    (tmp_path / f"{VOC}/2008_000018.jpg").unlink()
    refused(lambda: read_layout("adobe", tmp_path), "2008_000018", VOC)
    (tmp_path / VOC).rename(tmp_path / "elsewhere")
    refused(lambda: read_layout("adobe", tmp_path), "PASCAL VOC", VOC)
    (tmp_path / "elsewhere").rename(test / "bg")
    (test / "Adobe-licensed images/trimaps/cat_7.png").unlink()
    refused(lambda: read_layout("adobe", tmp_path), "2008_000018")
    plant(test, "bg/2008_000018.jpg")
    refused(lambda: read_layout("adobe", tmp_path), "cat_7", "trimaps")
    (test / "test_bg_names.txt").write_text("2008_000001.jpg\n")
    refused(lambda: read_layout("adobe", tmp_path), "test_bg_names.txt", "lists 1")
    (test / "test_fg_names.txt").write_text("\n")
    refused(lambda: read_layout("adobe", tmp_path), "test_fg_names.txt", "no name")
    (test / "test_fg_names.txt").write_bytes(b"\xff\xfe\xff")
    refused(lambda: read_layout("adobe", tmp_path), "test_fg_names.txt", "text")
    (test / "test_fg_names.txt").unlink()
    refused(lambda: read_layout("adobe", tmp_path), "test_fg_names.txt", "missing")


def test_distinctions_has_foregrounds_for_training_and_test(tmp_path):
    distinctions(tmp_path)
    for split, part in (("train", "Train"), ("test", "Test")):
        (example,) = read_layout("distinctions", tmp_path, split)
        assert relative(example, tmp_path) == {
            "name": "a",
            "foreground": f"Distinctions-646/{part}/FG/a.png",
            "alpha": f"Distinctions-646/{part}/GT/a.png",
        }


@pytest.mark.parametrize("validation", ["validation/", ""])
def test_p3m_is_read_with_and_without_its_validation_folder(tmp_path, validation):
    p3m(tmp_path, validation)
    for split, part, images in (("p", "P3M-500-P", "blurred_image"), ("np", "P3M-500-NP", "original_image")):
        (example,) = read_layout("p3m", tmp_path, split)
        base = f"P3M-10k/{validation}{part}"
        assert relative(example, tmp_path) == {
            "name": "q",
            "image": f"{base}/{images}/q.jpg",
            "alpha": f"{base}/mask/q.png",
            "trimap": f"{base}/trimap/q.png",
        }
    (example,) = read_layout("p3m", tmp_path / "P3M-10k", "train")
    assert (example.image.name, example.alpha.name, example.trimap) == ("p_1.jpg", "p_1.png", None)


def test_aim500_tells_each_photos_type(tmp_path):
    examples = read_layout("aim500", aim500(tmp_path))
    assert [example.type for example in examples] == ["STM", "NS"]
    assert relative(examples[0], tmp_path) == {
        "name": "o_0",
        "image": "original/o_0.jpg",
        "alpha": "mask/o_0.png",
        "trimap": "trimap/o_0.png",
        "type": "STM",
    }


def test_aim500s_types_must_be_there_and_cover_every_photo(tmp_path):
    types = aim500(tmp_path) / "aim_category_type.json"
    types.write_text('{"o_0": {"type": "SO"}}')
    refused(lambda: read_layout("aim500", tmp_path), "o_1", "None")
    types.write_text('{"o_0": {"type": "SO"}, "o_1": {"type": "XX"}}')
    refused(lambda: read_layout("aim500", tmp_path), "o_1", "XX")
    for damaged in ("{", '["o_0"]', '{"o_0": 3}', '{"o_0": {}}'):
        types.write_text(damaged)
        refused(lambda: read_layout("aim500", tmp_path), "aim_category_type.json")
    types.unlink()
    refused(lambda: read_layout("aim500", tmp_path), "aim_category_type.json", "missing")


def test_am2k_needs_trimaps_only_where_it_is_scored(tmp_path):
    am2k(tmp_path)
    (train,) = read_layout("am2k", tmp_path, "train")
    (scored,) = read_layout("am2k", tmp_path)
    assert train.trimap is None and scored.trimap == tmp_path / "validation/trimap/m_2.png"
    scored.trimap.unlink()
    refused(lambda: read_layout("am2k", tmp_path), "m_2", "trimap")


def test_bg20k_has_backgrounds_alone(tmp_path):
    plant(tmp_path, "BG-20k/train/h_1.jpg", "BG-20k/testval/h_2.JPEG")
    (train,) = read_layout("bg20k", tmp_path)
    (test,) = read_layout("bg20k", tmp_path / "BG-20k", "testval")
    assert relative(train, tmp_path) == {"name": "h_1", "background": "BG-20k/train/h_1.jpg"}
    assert test.background.name == "h_2.JPEG" and test.alpha is None


def test_rwp636_comes_with_masks_and_detail_maps(tmp_path):
    (example,) = read_layout("rwp636", rwp636(tmp_path))
    assert relative(example, tmp_path) == {
        "name": "7",
        "image": "image/7.jpg",
        "alpha": "alpha/7.png",
        "coarse_mask": "segmask/7.png",
        "detail": "detailmap/7_cloud_trimap.jpg",
    }
    plant(tmp_path, "image/8.jpg", "alpha/8.png", "segmask/8.png")
    refused(lambda: read_layout("rwp636", tmp_path), "8", "detailmap")


def test_ppm100_is_read_in_both_of_its_forms(tmp_path):
    whole = plant(tmp_path / "whole", "PPM-100/image/1.jpg", "PPM-100/matte/1.jpg")
    (example,) = read_layout("ppm100", whole)
    assert relative(example, whole) == {"name": "1", "image": "PPM-100/image/1.jpg", "alpha": "PPM-100/matte/1.jpg"}
    parts = plant(tmp_path / "parts", "train/fg/2.jpg", "train/alpha/2.jpg", "val/image/1.jpg", "val/matte/1.jpg")
    first, second = read_layout("ppm100", parts)
    assert first.image == parts / "val/image/1.jpg" and second.alpha == parts / "train/alpha/2.jpg"
    assert read_layout("ppm100", parts, "val") == (first,)


def test_alphamatting_has_two_trimaps_for_training_and_three_for_the_test(tmp_path):
    alphamatting(tmp_path)
    (known,) = read_layout("alphamatting", tmp_path)
    (secret,) = read_layout("alphamatting", tmp_path, "test")
    assert relative(known, tmp_path) == {
        "name": "GT01",
        "image": "input_training_lowres/GT01.png",
        "alpha": "gt_training_lowres/GT01.png",
        "trimap": "trimap_training_lowres/Trimap1/GT01.png",
        "trimaps": {str(n): f"trimap_training_lowres/Trimap{n}/GT01.png" for n in (1, 2)},
    }
    assert secret.alpha is None and list(secret.trimaps) == ["1", "2", "3"]
    assert secret.trimaps["3"] == tmp_path / "trimap_lowres/Trimap3/doll.png"


def test_the_real_alphamatting_photos_are_found(shared_data, tmp_path):
    root = shared_data / "alphamatting-val" if shared_data else alphamatting(tmp_path)
    examples = read_layout("alphamatting", root)
    assert examples and all(path.is_file() for e in examples for path in (e.image, e.alpha, *e.trimaps.values()))


def test_any_folders_are_matched_by_stem_whatever_the_suffixes(tmp_path):
    plant(tmp_path, "image/b.JPEG", "image/a.WebP", "alpha/a.PNG", "alpha/b.tif", "trimap/a.png", "trimap/b.png")
    plant(tmp_path, "image/notes.txt", "image/._a.jpg", "alpha/left-over.png")
    first, second = read_layout("folder", tmp_path)
    assert relative(first, tmp_path) == {
        "name": "a",
        "image": "image/a.WebP",
        "alpha": "alpha/a.PNG",
        "trimap": "trimap/a.png",
    }
    assert second.image.name == "b.JPEG" and second.foreground is None


def test_folders_may_hold_foregrounds_instead_of_photos_or_beside_them(tmp_path):
    alone = plant(tmp_path / "alone", "foreground/a.png", "alpha/a.png")
    assert relative(read_layout("folder", alone)[0], alone).keys() == {"name", "foreground", "alpha"}
    both = plant(tmp_path / "both", "foreground/a.png", "alpha/a.png", "image/a.jpg", "background/a.jpg")
    (example,) = read_layout("folder", both)
    assert example.image == both / "image/a.jpg" and example.foreground == both / "foreground/a.png"
    assert example.background == both / "background/a.jpg"
    plant(both, "image/b.jpg", "alpha/b.png", "background/b.jpg")
    refused(lambda: read_layout("folder", both), "picture b", "foreground")


def test_two_files_of_one_stem_are_refused(tmp_path):
    plant(tmp_path, "image/a.jpg", "image/a.png", "alpha/a.png")
    refused(lambda: read_layout("folder", tmp_path), "a.jpg", "a.png")


PLANTED = {
    "adobe": adobe,
    "distinctions": distinctions,
    "p3m": p3m,
    "aim500": aim500,
    "am2k": am2k,
    "bg20k": lambda root: plant(root, "train/a.jpg", "testval/b.jpg"),
    "rwp636": rwp636,
    "ppm100": lambda root: plant(root, "train/fg/2.jpg", "train/alpha/2.jpg", "val/fg/1.jpg", "val/alpha/1.jpg"),
    "alphamatting": alphamatting,
    "folder": lambda root: plant(root, "image/a.jpg", "alpha/a.png"),
    "photos": lambda root: plant(root, "a.jpg", "b.png"),
}


def test_every_layout_is_planted_here():
    assert PLANTED.keys() == LAYOUTS.keys()


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_split_gives_files_that_exist_under_names_of_their_own(tmp_path, name):
    PLANTED[name](tmp_path)
    for split in LAYOUTS[name].splits:
        examples = read_layout(name, tmp_path, split)
        assert len({example.name for example in examples}) == len(examples) > 0
        for example in examples:
            paths = [value for value in vars(example).values() if isinstance(value, Path)]
            assert paths and all(path.is_file() for path in paths)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_missing_alpha_and_a_missing_root_are_named(tmp_path, name):
    PLANTED[name](tmp_path)
    if alpha := read_layout(name, tmp_path)[0].alpha:
        alpha.unlink()
        refused(lambda: read_layout(name, tmp_path), alpha.stem, str(alpha.parent))
    refused(lambda: read_layout(name, tmp_path / "nowhere"), "nowhere", "missing")


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_split_to_train_on_has_alphas_and_is_not_the_one_that_is_scored(tmp_path, name):
    layout = LAYOUTS[name]
    if layout.training:
        assert layout.training != layout.test or name == "folder"
        examples = read_layout(name, PLANTED[name](tmp_path), layout.training)
        assert all(example.alpha and (example.image or example.foreground) for example in examples)


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / "image").mkdir()
    refused(lambda: read_layout("folder", tmp_path), str(tmp_path / "image"), "no picture")


def test_unknown_layouts_and_splits_are_refused_in_a_sentence(tmp_path):
    refused(lambda: read_layout("imagenet", tmp_path), "imagenet", "adobe")
    refused(lambda: read_layout("p3m", tmp_path, "test"), "train, p, np", "'test'")


def test_layouts_are_read_without_loading_anything_heavy():
    code = "import matting.data.layouts, sys; print({'torch', 'cv2', 'numpy', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_page_about_training_names_every_layout():
    page = (Path(__file__).parents[3] / "docs" / "training.md").read_text(encoding="utf-8")
    assert [name for name in LAYOUTS if f"`{name}`" not in page] == []
