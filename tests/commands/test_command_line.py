import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from pictures import circle
from PIL import Image

from matting.__main__ import main
from matting.commands import UsageError
from matting.commands.matte import batch
from matting.commands.matte.naming import output_names

CHECKOUT = Path(__file__).resolve().parents[2]
SIZE = (40, 56)
OUTPUTS = ("alpha", "cutout", "trimap")


def disc(centre=(20, 28), radius=12):
    return circle(SIZE, centre, radius)


def save_photo(path, seed=0):
    """A bright disc on dark grain."""
    image = np.random.default_rng(seed).integers(0, 60, (*SIZE, 3))
    image[disc()] += 180
    Image.fromarray(image.astype(np.uint8)).save(path)
    return path


def save_mask(path):
    Image.fromarray(np.where(disc(), 255, 0).astype(np.uint8)).save(path)
    return path


def save_trimap(path):
    values = np.select([disc(radius=8), ~disc(radius=15)], [255, 0], 128)
    Image.fromarray(values.astype(np.uint8)).save(path)
    return path


def status(*words):
    """Run the command line in this process; returns its exit status."""
    try:
        return main([str(word) for word in words])
    except SystemExit as leaving:
        return leaving.code


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Photos of 40x56 pixels are done before a second thread has started."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def folder(tmp_path):
    """Three photos, with the rest of the temporary folder for everything else."""
    (tmp_path / "photos").mkdir()
    for seed, name in enumerate(("ape.jpg", "bee.png", "cat.jpg")):
        save_photo(tmp_path / "photos" / name, seed)
    return tmp_path / "photos"


@pytest.fixture
def masks(tmp_path):
    """A mask for every photo that these tests name."""
    (tmp_path / "masks").mkdir()
    for stem in ("ape", "bee", "cat"):
        save_mask(tmp_path / "masks" / f"{stem}.png")
    return tmp_path / "masks"


@pytest.fixture
def matte(weights, tmp_path):
    """Run `matte` with the tiny networks, writing to tmp_path/out."""

    def run(*words):
        return status("matte", *words, "--out", tmp_path / "out", "--weights", weights, "--device", "cpu")

    run.out = tmp_path / "out"
    return run


def written(out):
    """The names of the outputs; the records of what they were made from lie hidden in a folder."""
    return sorted(path.name for path in out.iterdir() if path.name != ".trimatte")


def all_outputs(*names):
    return sorted(f"{name}_{output}.png" for name in names for output in OUTPUTS)


def test_a_mask_gives_alpha_cutout_and_trimap_at_the_photos_size(matte, tmp_path, capsys):
    photo, mask = save_photo(tmp_path / "ape.jpg"), save_mask(tmp_path / "m.png")
    assert matte(photo, "--mask", mask) == 0
    assert written(matte.out) == all_outputs("ape")
    alpha, cutout, trimap = (Image.open(matte.out / f"ape_{output}.png") for output in OUTPUTS)
    assert alpha.mode.startswith("I;16") and cutout.mode == "RGBA" and trimap.mode == "L"
    assert alpha.size == cutout.size == trimap.size == SIZE[::-1]
    assert set(np.unique(trimap)) <= {0, 128, 255}
    assert np.abs(np.asarray(cutout)[..., 3] - np.asarray(alpha) / 257).max() <= 1
    said = capsys.readouterr()
    assert "1 photo done" in said.out and "GrabCut" not in said.err and "1/1" in said.err


def test_a_given_trimap_survives_exactly(matte, tmp_path):
    photo, trimap = save_photo(tmp_path / "ape.jpg"), save_trimap(tmp_path / "t.png")
    assert matte(photo, "--trimap", trimap) == 0
    given, alpha = np.asarray(Image.open(trimap)), np.asarray(Image.open(matte.out / "ape_alpha.png"))
    assert (np.asarray(Image.open(matte.out / "ape_trimap.png")) == given).all()
    assert (alpha[given == 255] == 65535).all() and (alpha[given == 0] == 0).all()


@pytest.mark.parametrize(
    "prompt",
    [
        ["--points", "28,20,+ 3,3,-"],
        ["--points", " 28.5,20.25,+ "],
        ["--box", "12,4,44,36"],
        ["--box", "12,4,44,36", "--points", "28,20,+", "--fusion", "soft"],
    ],
)
def test_points_and_boxes_find_the_object(matte, tmp_path, prompt, capsys):
    assert matte(save_photo(tmp_path / "ape.jpg"), *prompt) == 0
    assert written(matte.out) == all_outputs("ape")
    assert "centred box" not in capsys.readouterr().err


def test_without_a_prompt_grabcut_starts_from_a_centred_box_and_says_so(matte, tmp_path, capsys):
    assert matte(save_photo(tmp_path / "ape.jpg"), "--coarse", "grabcut") == 0
    assert "GrabCut starts from a centred box" in capsys.readouterr().err


def test_without_a_prompt_what_stands_out_is_cut_out_and_no_box_spoken_of(matte, tmp_path, capsys):
    assert matte(save_photo(tmp_path / "ape.jpg"), "--coarse", "u2netp") == 0
    assert written(matte.out) == all_outputs("ape")
    assert "box" not in capsys.readouterr().err


def test_a_folder_of_photos_takes_a_folder_of_masks_with_the_same_stems(matte, folder, masks, capsys):
    (masks / "cat.png").unlink()
    assert matte(folder, "--mask", masks) == 1
    assert written(matte.out) == all_outputs("ape", "bee")
    said = capsys.readouterr()
    assert "2 photos done" in said.out and "1 photo failed" in said.err
    assert "holds no picture named cat" in said.err.splitlines()[-1]


def test_of_two_masks_that_fit_the_one_of_the_same_name_is_meant(matte, folder, masks, capsys):
    (masks / "bee.png").unlink()
    for name in ("ape.jpg", "bee.jpg", "bee.tif"):
        save_mask(masks / name)
    assert matte(folder, "--mask", masks) == 1
    assert written(matte.out) == all_outputs("ape", "cat")
    assert "several files for bee.png: bee.jpg, bee.tif" in capsys.readouterr().err


def test_one_bad_file_does_not_stop_the_others(matte, folder, masks, capsys):
    (folder / "bee.png").write_bytes((folder / "bee.png").read_bytes()[:200])
    assert matte(folder, folder / "none.jpg", "--mask", masks) == 1
    assert written(matte.out) == all_outputs("ape", "cat")
    said = capsys.readouterr()
    assert "2 photos failed" in said.err and "2 photos done" in said.out
    listed = said.err.split("2 photos failed:")[1]
    assert "bee.png" in listed and "none.jpg" in listed and "Traceback" not in said.err


def test_what_is_done_is_skipped_unless_overwritten(matte, folder, masks, capsys):
    assert matte(folder, "--mask", masks) == 0
    first = {path: path.read_bytes() for path in matte.out.glob("*.png")}
    (matte.out / "ape_alpha.png").write_text("mine")
    (matte.out / "bee_cutout.png").unlink()
    capsys.readouterr()
    assert matte(folder, "--mask", masks) == 0
    said = capsys.readouterr().out
    assert "2 photos already done" in said and "--overwrite" in said and "1 photo done" in said
    assert (matte.out / "ape_alpha.png").read_text() == "mine"
    assert (matte.out / "bee_cutout.png").read_bytes() == first[matte.out / "bee_cutout.png"]
    assert matte(folder, "--mask", masks, "--overwrite") == 0
    assert {path: path.read_bytes() for path in matte.out.glob("*.png")} == first


def test_photos_of_the_same_stem_keep_apart(matte, folder, masks):
    save_photo(folder / "ape.png", seed=9)
    assert matte(folder, folder / "ape.png", "--mask", masks) == 0
    assert written(matte.out) == all_outputs("ape_jpg", "ape_png", "bee", "cat")


def test_outputs_beside_the_photos_are_not_taken_for_photos(folder, masks, weights, capsys):
    call = ["matte", folder, "--mask", masks, "--out", folder, "--weights", weights]
    assert status(*call) == 0
    listing = written(folder)
    assert status(*call) == 0
    assert written(folder) == listing
    assert "3 photos already done" in capsys.readouterr().out


def test_what_was_changed_on_the_way_in_is_told(matte, tmp_path, capsys):
    photo, mask = save_photo(tmp_path / "ape.jpg"), save_mask(tmp_path / "m.png")
    Image.open(mask).resize((112, 80)).save(mask)
    assert matte(photo, "--mask", mask) == 0
    said = capsys.readouterr().err
    assert "ape.jpg: " in said and "m.png was resized" in said


def test_prompts_outside_a_photo_fail_that_photo_alone(matte, folder, capsys):
    Image.open(folder / "cat.jpg").crop((0, 0, 30, 30)).save(folder / "cat.jpg")
    assert matte(folder, "--points", "28,20,+ 50,3,-") == 1
    assert written(matte.out) == all_outputs("ape", "bee")
    said = capsys.readouterr().err
    assert "same points or box are used in each of the 3 photos" in said and "cat.jpg" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{photo}"], "--out"),
        (["{photo}", "--out", "{out}", "--points", "28,20"], "a point is x,y,+ or x,y,-"),
        (["{photo}", "--out", "{out}", "--points", ""], "at least one point"),
        (["{photo}", "--out", "{out}", "--box", "1,2,3"], "a box is x0,y0,x1,y1"),
        (["{photo}", "--out", "{out}", "--box", "30,2,3,20"], "30,2,3,20 is empty"),
        (["{photo}", "--out", "{out}", "--fusion", "medium"], "medium"),
        (
            ["{photo}", "--out", "{out}", "--mask", "{mask}", "--points", "1,2,+"],
            "--mask and --points both say",
        ),
        (
            ["{photo}", "--out", "{out}", "--mask", "{mask}", "--trimap", "{mask}"],
            "--mask and --trimap both say",
        ),
        (["{photo}", "--out", "{out}", "--trimap", "{empty}/t.png"], "There is no file"),
        (["{empty}", "--out", "{out}"], "holds no picture"),
        (["{photos}", "--out", "{out}", "--mask", "{mask}"], "one file for 3 photos"),
        (["{photo}", "--out", "{photo}"], "cannot be made"),
        (
            ["{photo}", "--out", "{empty}", "--trimap", "{empty}/../ape_trimap.png", "--out", "{empty}/.."],
            "written over",
        ),
        (["{photo}", "--out", "{out}", "--weights", "{empty}"], "{empty}"),
        (["{photo}", "--out", "{out}", "--weights", "{weights}", "--coarse", "magic"], "magic"),
        (["{photo}", "--out", "{out}", "--weights", "{weights}", "--device", "abacus"], "no device abacus"),
    ],
)
def test_wrong_arguments_get_one_sentence(words, sentence, folder, tmp_path, weights, capsys):
    (tmp_path / "empty").mkdir()
    save_trimap(tmp_path / "ape_trimap.png")
    places = {
        "photo": folder / "ape.jpg",
        "photos": folder,
        "mask": save_mask(tmp_path / "m.png"),
        "empty": tmp_path / "empty",
        "out": tmp_path / "out",
        "weights": weights,
    }
    assert status("matte", *(word.format(**places) for word in words)) == 2
    said = capsys.readouterr()
    complaint = [line for line in said.err.splitlines() if not line.startswith("No mask, trimap")]
    assert len(complaint) == 1 and sentence.format(**places) in complaint[0] and not said.out


def test_evaluation_scores_the_networks_of_ones_choice(weights, tmp_path, capsys):
    save = {
        "input_training_lowres": save_photo,
        "trimap_training_lowres/Trimap2": save_trimap,
        "gt_training_lowres": save_mask,
    }
    for folder, save_file in save.items():
        (tmp_path / folder).mkdir(parents=True)
        save_file(tmp_path / folder / "GT01.png")
    call = ["evaluate", "alphamatting", "--root", tmp_path, "--trimap", 2, "--device", "cpu", "--weights"]
    assert status(*call, weights, "--json", tmp_path / "scores.json") == 0
    said = capsys.readouterr()
    assert "GT01" in said.out and "mean" in said.out and "1/1" in said.err
    document = json.loads((tmp_path / "scores.json").read_text())
    assert document["method"] == "spamattnet" and document["settings"]["weights"] == str(weights)
    assert document["images"]["GT01"]["SAD"] > 0
    assert status(*call, tmp_path / "gt_training_lowres") == 2


paths = st.builds(
    lambda parts, stem, suffix: Path("/", *parts, stem + suffix),
    st.lists(st.sampled_from(["p", "q"]), min_size=1, max_size=2),
    st.sampled_from(["a", "A", "a_jpg", "b"]),
    st.sampled_from([".jpg", ".png", ".JPG"]),
)


@given(st.lists(paths, unique=True, max_size=6))
@example([Path("/p/a.jpg"), Path("/p/a.png"), Path("/p/a_jpg.png"), Path("/q/a.jpg")])
def test_no_two_photos_write_the_same_files(photos):
    try:
        names = output_names(photos)
    except UsageError as error:  # rather none than one over the other
        assert "separate calls" in str(error)
        return
    assert len({name.casefold() for name in names}) == len(photos)
    stems = [photo.stem.casefold() for photo in photos]
    for photo, name in zip(photos, names, strict=True):
        assert name == photo.stem or stems.count(photo.stem.casefold()) > 1 or photo.stem.casefold() == "a_jpg"


def test_help_is_instant_since_nothing_heavy_is_imported():
    code = (
        "import sys\nfrom matting.__main__ import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print(sorted({'torch', 'cv2', 'numpy', 'gradio', 'transformers', 'pymatting'} & set(sys.modules)))"
    )
    for words in (["--help"], ["matte", "--help"], ["evaluate", "--help"]):
        ran = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=CHECKOUT
        )
        assert "usage: python -m matting" in ran.stdout and ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("becomes", [ValueError("a library's own words"), None])
def test_ctrl_c_is_heard_whatever_a_library_makes_of_it(weights, tmp_path, monkeypatch, becomes, capsys):
    photos = [tmp_path / f"{name}.png" for name in "ab"]
    for index, photo in enumerate(photos):
        save_photo(photo, index)
    mask = tmp_path / "masks"
    mask.mkdir()
    for photo in photos:
        save_mask(mask / photo.name)
    asked, matte = [], batch.matte_one

    def swallowing(pipeline, photo, guidance, args):
        asked.append(photo)
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        if becomes:
            raise becomes
        return matte(pipeline, photo, guidance, args)

    monkeypatch.setattr(batch, "matte_one", swallowing)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        words = ["matte", *photos, "--mask", mask, "--out", tmp_path / "out", "--weights", weights, "--device", "cpu"]
        assert main([str(word) for word in words]) == 130
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert asked == photos[:1] and "Interrupted" in capsys.readouterr().err


def test_ctrl_c_stops_at_once_and_what_is_done_stays(weights, tmp_path):
    photos, masks, out = (tmp_path / name for name in ("photos", "masks", "out"))
    photos.mkdir()
    masks.mkdir()
    for index in range(300):
        save_photo(photos / f"{index:03}.png", index)
        save_mask(masks / f"{index:03}.png")
    words = ["matte", photos, "--mask", masks, "--out", out, "--weights", weights, "--device", "cpu"]
    running = subprocess.Popen(
        [sys.executable, "-m", "matting", *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # A test runner started in the background hands on an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 200
    while not (out / "001_trimap.png").exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, "Interrupted" in said, "Traceback" in said) == (130, True, False), said[-2000:]
    assert written(out) == sorted(path.name for path in out.glob("*.png"))
    done = list(out.glob("*.png"))
    assert 6 <= len(done) < 900
    for path in done:
        Image.open(path).load()
