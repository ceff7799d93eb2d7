"""Scenes to click in, the pool of them, and what `train clicks` learns from it."""

import csv

import cv2
import numpy as np
import pytest
import torch
from pictures import disc
from PIL import Image

from matting.__main__ import main
from matting.data.pools.cutouts import read_layer
from matting.data.scenes import pool as scene_pool
from matting.data.scenes.compose import Scene, SceneFiles, draw_scene, find_parts
from matting.data.scenes.samples import ClickSamples, draw_box, draw_click, draw_meaning
from matting.networks import clicknet
from matting.networks.clicknet import ClickNet, ClickNetConfig, Seen
from matting.networks.weights import load_weights
from matting.training import find_schedule, train_clicks

NARROW = ClickNetConfig(side=64, widths=(8, 8, 8, 8), detail=4, groups=2)


def picture(seed, size=(120, 160)):
    values = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return cv2.resize(values, size[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Photos a1 to a5 with masks, b1 and b5 without; a cutout."""
    root = tmp_path_factory.mktemp("found")
    for folder in ("photos", "masks", "cut/image", "cut/alpha"):
        (root / folder).mkdir(parents=True)
    for number in range(1, 6):
        mask = disc((120, 160), 20 + 5 * number)
        photo = np.where(mask[..., None] > 0.5, (40 * number, 30, 200), picture(number)).astype(np.uint8)
        cv2.imwrite(str(root / "photos" / f"a{number}.jpg"), photo)
        cv2.imwrite(str(root / "masks" / f"a{number}.png"), np.rint(255 * mask))
    for number in (1, 5):
        cv2.imwrite(str(root / "photos" / f"b{number}.jpg"), picture(10 + number))
    cv2.imwrite(str(root / "cut" / "image" / "thing.jpg"), picture(20, (60, 60)))
    cv2.imwrite(str(root / "cut" / "alpha" / "thing.png"), np.rint(255 * disc((60, 60), 22)))
    return root


def files_of(root, held_out=("5",)):
    return scene_pool.find_files([f"{root / 'photos'}:{root / 'masks'}"], [root / "cut"], [root / "photos"], held_out)


def test_what_is_held_out_is_neither_subject_nor_background(folders):
    files = files_of(folders)
    assert [photo.stem for photo, _ in files.subjects] == ["a1", "a2", "a3", "a4"]
    assert all(photo.stem == mask.stem for photo, mask in files.subjects)
    assert [photo.stem for photo in files.backgrounds] == ["a1", "a2", "a3", "a4", "b1"]
    assert [(colour.name, alpha.name) for colour, alpha in files.cutouts] == [("thing.jpg", "thing.png")]
    assert len(files_of(folders, ()).subjects) == 5


def test_what_is_missing_is_named(folders, tmp_path):
    (tmp_path / "masks").mkdir()
    cv2.imwrite(str(tmp_path / "masks" / "lonely.png"), np.zeros((4, 4)))
    with pytest.raises(ValueError, match="no picture named lonely"):
        scene_pool.find_files([f"{folders / 'photos'}:{tmp_path / 'masks'}"], [], [folders / "photos"], ())
    with pytest.raises(ValueError, match="give --subjects and --photos"):
        scene_pool.find_files([], [], [folders / "photos"], ())
    with pytest.raises(ValueError, match="holds none; fill it first"):
        scene_pool.read_scenes(tmp_path)


def test_pictures_with_transparency_are_foregrounds_too(tmp_path):
    square = np.zeros((40, 60, 4), np.uint8)
    square[10:30, 10:50] = 200, 30, 60, 255
    Image.fromarray(square).save(tmp_path / "square.webp", lossless=True)
    _, cutouts = scene_pool.find_subjects([], [tmp_path], [])
    colour, alpha = read_layer(*cutouts[0], 30)
    assert alpha.shape == (20, 30) and np.array_equal(alpha >= 0.5, square[::2, ::2, 3] > 0)
    assert (abs(colour[alpha == 1].astype(int) - [200, 30, 60]) <= 2).all()


def test_a_scene_depends_on_its_number_alone_and_its_labels_fit_together(folders):
    files, counts = files_of(folders), set()
    for index in range(40):
        scene, again = (draw_scene(files, 3, index, 96) for _ in range(2))
        for one, other in ((scene.image, again.image), (scene.objects, again.objects), (scene.parts, again.parts)):
            np.testing.assert_array_equal(one, other)
        assert scene.image.shape == (96, 96, 3) and scene.image.dtype == np.uint8
        assert ((scene.parts > 0) == (scene.objects > 0)).all()
        for part in range(1, scene.parts.max() + 1):
            assert len(np.unique(scene.objects[scene.parts == part])) <= 1
        present = np.unique(scene.objects)
        assert present.tolist() == list(range(len(present))) or 0 not in present
        counts.add(int(scene.objects.max()))
    assert counts >= {1, 2}


def test_a_photographs_label_is_its_mask(folders):
    files = files_of(folders)
    scene = draw_scene(SceneFiles(files.subjects, (), files.backgrounds), 0, 1, 96, composites=0)
    blue = (scene.image[..., 0].astype(int) > 150) & (scene.image[..., 1] < 90)
    inside = scene.objects == 1
    assert scene.salient and (blue & inside).sum() > 0.7 * min(blue.sum(), inside.sum())


def test_parts_are_pieces_of_one_surface():
    image = np.full((96, 96, 3), 128, np.uint8)
    image[20:50, 20:70], image[50:80, 20:70] = (200, 30, 30), (30, 30, 200)
    objects = np.zeros((96, 96), np.uint8)
    objects[20:80, 20:70] = 1
    parts = find_parts(image, objects)
    upper, lower = np.bincount(parts[22:48, 22:68].ravel()), np.bincount(parts[52:78, 22:68].ravel())
    assert upper.argmax() != lower.argmax() and upper.max() > 0.9 * upper.sum() and lower.max() > 0.9 * lower.sum()


def scene_of(objects, salient=True):
    return Scene(np.zeros((*objects.shape, 3), np.uint8), objects, objects, salient)


def test_the_first_word_lies_on_what_is_meant():
    objects = np.zeros((96, 96), np.uint8)
    objects[10:50, 10:40], objects[55:90, 50:90] = 1, 2
    said = [draw_meaning(np.random.default_rng(seed), scene_of(objects)) for seed in range(200)]
    kinds = {(one.point[2] >= 0, one.box[2] >= 0) for one in said}
    assert kinds == {(True, False), (False, True), (True, True), (False, False)}
    for one in said:
        if one.point[2] >= 0:
            x, y = int(one.point[0] * 96), int(one.point[1] * 96)
            assert one.point[2] == 1 and one.masks["whole"][y, x] and one.masks["meant"][y, x]
        elif one.box[2] < 0:
            assert (one.masks["meant"] == (objects > 0)).all()
    hidden = [draw_meaning(np.random.default_rng(seed), scene_of(objects, salient=False)) for seed in range(50)]
    assert all(one.point[2] >= 0 or one.box[2] > 0 for one in hidden)


def test_clicks_are_within_and_boxes_around():
    region = np.zeros((80, 100), bool)
    region[20:60, 30:90] = True
    square = np.zeros((100, 100), bool)
    square[20:60, 30:90] = True
    for seed in range(50):
        rng = np.random.default_rng(seed)
        x, y = draw_click(rng, region)
        assert region[y, x]
        x0, y0, x1, y1 = (100 * side for side in draw_box(rng, square))
        assert x0 <= 30 + 1e-3 and x1 >= 90 - 1e-3 and y0 <= 20 + 1e-3 and y1 >= 60 - 1e-3
        assert x1 - x0 <= 60 * 1.16 + 1e-3 and y1 - y0 <= 40 * 1.16 + 1e-3


@pytest.fixture(scope="module")
def pool(folders, tmp_path_factory):
    torch.manual_seed(0)
    out = tmp_path_factory.mktemp("scenes")
    scene_pool.fill(out, files_of(folders), ClickNet(NARROW).eval(), range(8), seed=3)
    return out


def test_a_pool_holds_the_scenes_and_what_was_seen_and_goes_on_where_it_stopped(folders, pool):
    paths = scene_pool.read_scenes(pool)
    assert 4 <= len(paths) <= 8
    scene, seen = scene_pool.read_scene(paths[0])
    drawn = draw_scene(files_of(folders), 3, int(paths[0].stem), 64)
    np.testing.assert_array_equal(scene.image, drawn.image)
    np.testing.assert_array_equal(scene.objects, drawn.objects)
    np.testing.assert_array_equal(scene.parts, drawn.parts)
    assert scene.salient == drawn.salient and set(seen) == set(Seen._fields)
    stamps = [path.stat().st_mtime_ns for path in paths]
    scene_pool.fill(pool, files_of(folders), ClickNet(NARROW).eval(), range(8), seed=3)
    assert [path.stat().st_mtime_ns for path in paths] == stamps


def test_samples_are_mirrored_as_one(pool):
    paths = scene_pool.read_scenes(pool)
    samples = ClickSamples(paths, 40, seed=1)
    mirrored = 0
    for index in range(40):
        sample = samples[index]
        assert sample["image"].shape == (3, 64, 64) and sample["meant"].shape == (1, 32, 32)
        x, y, label = sample["point"].tolist()
        if label == 1:
            assert sample["whole"][0, int(y * 32), int(x * 32)] > 0
        x0, y0, x1, y1 = sample["box"].tolist()
        assert (x0, y0) == (-1, -1) or (x0 < x1 and y0 < y1)
        order = np.random.default_rng([1, index // len(paths), 1]).permutation(len(paths))
        scene, seen = scene_pool.read_scene(paths[order[index % len(paths)]])
        flipped = not np.array_equal((sample["image"].permute(1, 2, 0) * 255).round().byte().numpy(), scene.image)
        mirrored += flipped
        logits = seen["logits"].flip(2) if flipped else seen["logits"]
        torch.testing.assert_close(sample["seen0"], logits)
        assert len([name for name in sample if name.startswith("seen")]) == len(Seen._fields)
    assert 8 < mirrored < 32


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setitem(clicknet.CONFIGS, "small", NARROW)


def test_training_goes_on_and_writes_weights_that_can_be_loaded(pool, narrow, tmp_path):
    words = ["train", "clicks", "--pool", pool, "--run", tmp_path, "--batch", "2", "--crop", "64", "--device", "cpu"]
    words = [str(word) for word in (*words, "--workers", "0", "--threads", "1")]
    assert main([*words, "--steps", "2"]) == 0
    assert main([*words, "--steps", "3", "--change-schedule"]) == 0
    with (tmp_path / "log.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3"]
    network = load_weights(tmp_path / "clicks.safetensors")
    assert isinstance(network, ClickNet) and network.config == NARROW


def test_the_call_and_the_command_learn_the_same(pool, narrow, tmp_path):
    words = ["train", "clicks", "--pool", pool, "--run", tmp_path / "words", "--batch", "2", "--steps", "2"]
    words += ["--crop", "64", "--device", "cpu", "--workers", "0", "--threads", "1"]
    assert main([str(word) for word in words]) == 0
    schedule = find_schedule("clicks", "small", batch=2, steps=2)
    called = train_clicks(pool, schedule, tmp_path / "call", device="cpu", observers=())
    assert not called.training and called.config == NARROW
    written = load_weights(tmp_path / "words" / "clicks.safetensors").state_dict()
    for name, tensor in called.state_dict().items():
        torch.testing.assert_close(tensor.float(), written[name].float(), atol=2e-3, rtol=2e-3)  # the file is float16
    with pytest.raises(ValueError, match="configurations small"):
        train_clicks(pool, schedule, tmp_path / "call", config="paper")


def test_options_of_other_stages_are_refused(pool, capsys):
    for words, message in (
        (["--photos", "x"], "--photos is not for clicks"),
        ([], "ClickNet learns from scenes"),
        (["--pool", str(pool), "--config", "paper"], "clicks has the configurations small"),
        (["--pool", str(pool), "--steps", "1", "--crop", "320"], "leave out --crop"),
    ):
        assert main(["train", "clicks", *words]) == 2
        assert message in capsys.readouterr().err
