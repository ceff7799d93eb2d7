"""The demo's laws: strokes are exact, states are never mixed up, what is refused loses nothing."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from matting import MattingPipeline
from matting.app import build, gpu, launch_options
from matting.app.canvas import draw_canvas
from matting.app.editor import BRUSHES, TrimapEdit, read_strokes
from matting.app.examples import captioned
from matting.app.finishing import Finishing, _keep_matte
from matting.app.layout import lay_out
from matting.app.messages import OUT_OF_MEMORY, UNEXPECTED, explain
from matting.app.picking import STALE_TRIMAP, Picking
from matting.app.segmenters import OFFLINE, first_segmenter
from matting.app.session import PROXY_SIDE, Click, Clicks, Photo, Selection, shrink
from matting.app.steps import Steps
from matting.app.trimming import STALE_MATTE, Trimming
from matting.coarse import SEGMENTERS, CoarseMasks
from matting.compositing import estimate_foreground
from matting.trimap import BACKGROUND, FOREGROUND, PALETTE, UNKNOWN, from_probabilities, to_one_hot

HEIGHT, WIDTH = 96, 128


@pytest.fixture(scope="module")
def pipeline():
    return MattingPipeline.from_pretrained()


@pytest.fixture(scope="module")
def built(pipeline):
    return build(pipeline)


@pytest.fixture(scope="module")
def app(pipeline):
    """Every listener, on a page that is built but not served."""
    steps = Steps(pipeline)
    with gr.Blocks():
        page = lay_out("here")
    trimming = Trimming(page, steps)
    return SimpleNamespace(
        page=page,
        steps=steps,
        picking=Picking(page, steps),
        trimming=trimming,
        finishing=Finishing(page, steps, trimming),
    )


@pytest.fixture
def photo():
    """A bright disc on a dark ground, with some grain."""
    grain = np.random.default_rng(0).integers(0, 30, (HEIGHT, WIDTH, 3))
    return Photo.of(np.where(disc(30)[:, :, None], 200 + grain, 20 + grain).astype(np.uint8), "disc")


@pytest.fixture
def trimap(photo):
    values = np.where(disc(24), FOREGROUND, np.where(disc(36), UNKNOWN, BACKGROUND)).astype(np.uint8)
    return TrimapEdit.of_network(values, Selection.own(disc(30)), None)


def disc(radius: float) -> np.ndarray:
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    return (rows - HEIGHT / 2) ** 2 + (columns - WIDTH / 2) ** 2 < radius**2


def layer(value: int | None = None, where: np.ndarray | None = None) -> dict:
    """What gr.ImageEditor sends: one RGBA layer, painted with a region's colour."""
    painted = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    if value is not None:
        painted[where] = (*PALETTE[value], 255)
    return {"background": None, "layers": [painted], "composite": None}


def click(x: float, y: float) -> SimpleNamespace:
    return SimpleNamespace(index=[x, y])


def upload(path: Path) -> dict:
    return {"path": str(path), "orig_name": path.name}


# Strokes


@given(
    hnp.arrays(np.uint8, (7, 9, 4)),
    st.integers(1, 4),
)
def test_any_layer_becomes_the_three_values_exactly(pixels, factor):
    strokes, painted = read_strokes(pixels, (7 * factor, 9 * factor))
    assert set(np.unique(strokes)) <= {BACKGROUND, UNKNOWN, FOREGROUND}
    assert np.array_equal(painted, np.kron(pixels[:, :, 3] >= 128, np.ones((factor, factor), bool)))


@given(st.sampled_from(list(BRUSHES.values())), st.integers(128, 255), st.integers(0, 60))
def test_an_antialiased_brush_still_paints_its_own_region(value, opacity, fade):
    edge = np.rint(np.array(PALETTE[value]) * (1 - fade / 255)).astype(np.uint8)
    strokes, painted = read_strokes(np.array([[[*edge, opacity]]], np.uint8), (1, 1))
    assert painted.all()
    assert strokes[0, 0] == value


def test_an_empty_layer_paints_nothing():
    for nothing in (None, np.zeros((12, 16, 4), np.uint8)):
        assert not read_strokes(nothing, (24, 32))[1].any()


def test_a_layer_of_other_proportions_is_refused():
    with pytest.raises(ValueError, match="do not fit the photo"):
        read_strokes(np.zeros((600, 800, 4), np.uint8), (600, 400))


# The trimap under edit


def test_painting_changes_painted_pixels_and_no_others(trimap):
    corner = np.zeros((HEIGHT, WIDTH), bool)
    corner[:20, :20] = True
    edited = trimap.paint(np.full((HEIGHT, WIDTH), FOREGROUND, np.uint8), corner)
    assert (edited.values[corner] == FOREGROUND).all()
    assert np.array_equal(edited.values[~corner], trimap.values[~corner])


def test_undo_takes_back_exactly_one_step(trimap):
    first = trimap.paint(np.zeros((HEIGHT, WIDTH), np.uint8), disc(10))
    for step in (first.change(np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8)), first.reset()):
        back = step.undo()
        assert np.array_equal(back.values, first.values)
        assert np.array_equal(back.painted, first.painted)
    assert np.array_equal(first.undo().values, trimap.values)
    assert trimap.undo() is trimap


def test_a_new_trimap_can_be_undone_to_the_one_before(trimap):
    painted = trimap.paint(np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8), disc(8))
    own = TrimapEdit.own(np.full((HEIGHT, WIDTH), BACKGROUND, np.uint8), painted)
    assert np.array_equal(own.undo().values, painted.values)


def test_what_a_person_decided_has_one_hot_probabilities(trimap):
    strokes = np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8)
    edited = trimap.paint(strokes, disc(8)).change(
        np.where(disc(40), trimap.values, FOREGROUND).astype(np.uint8)
    )
    probabilities = 0.1 + 0.7 * to_one_hot(trimap.values)
    fused = edited.decide(probabilities)
    decided = disc(8) | ~disc(40)
    assert np.array_equal(np.unique(fused[decided]), [0, 1])
    assert np.array_equal(from_probabilities(fused), edited.values)
    assert np.array_equal(fused[~decided], probabilities[~decided])


def test_an_own_trimap_is_its_own_reset_and_all_decided(trimap):
    own = TrimapEdit.own(trimap.values, None)
    assert np.array_equal(own.decide(np.full((HEIGHT, WIDTH, 3), 1 / 3)), to_one_hot(trimap.values))
    assert np.array_equal(own.change(np.full_like(own.values, UNKNOWN)).reset().values, trimap.values)


# Clicks and the photo


def test_undo_after_a_click_is_the_identity():
    clicks = Clicks().add(Click(1, 2, "keep"))
    for kind in ("keep", "remove", "corner"):
        assert clicks.add(Click(5, 6, kind)).undo() == clicks


@given(st.permutations([(3.0, 4.0), (30.0, 20.0)]))
def test_two_corners_make_one_box_in_either_order(corners):
    clicks = Clicks()
    for x, y in corners:
        clicks = clicks.add(Click(x, y, "corner"))
    assert clicks.box == (3, 4, 30, 20)
    assert clicks.waiting is None


def test_an_odd_corner_waits_and_keeps_the_finished_box():
    clicks = Clicks(tuple(Click(x, y, "corner") for x, y in ((0, 0), (9, 9), (5, 5))))
    assert clicks.box == (0, 0, 9, 9)
    assert clicks.waiting == Click(5, 5, "corner")
    assert Clicks((Click(5, 5, "corner"),)).prompts is None


@given(st.integers(2, 5000), st.integers(2, 5000), st.floats(0, 1), st.floats(0, 1))
def test_shown_pixels_map_into_the_photo_and_back(height, width, across, down):
    image = np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3))
    photo = replace(Photo(image, image, ""), proxy=np.broadcast_to(image[:1, :1], _shown_size(height, width)))
    shown_height, shown_width = photo.proxy.shape[:2]
    x, y = across * (shown_width - 1), down * (shown_height - 1)
    full_x, full_y = photo.to_photo(x, y)
    assert 0 <= full_x < width
    assert 0 <= full_y < height
    assert np.allclose(photo.to_proxy(full_x, full_y), (x, y), atol=1e-6)


def _shown_size(height: int, width: int) -> tuple[int, int, int]:
    scale = min(1, PROXY_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale)), 3


def test_what_is_shown_is_at_most_the_proxy_side():
    assert shrink(np.zeros((3000, 1000, 3), np.uint8)).shape == (1536, 512, 3)
    assert shrink(np.zeros((400, 300, 3), np.uint8)).shape == (400, 300, 3)


def test_nothing_is_drawn_on_the_clean_photo(photo):
    clean = photo.image.copy()
    clicks = Clicks(
        (Click(20, 20, "keep"), Click(90, 80, "remove"), Click(5, 5, "corner"), Click(60, 60, "corner"))
    )
    canvas = draw_canvas(photo, clicks.add(Click(70, 70, "corner")), Selection.own(disc(20)))
    assert np.array_equal(photo.image, clean)
    assert np.array_equal(photo.proxy, clean)
    assert not np.array_equal(canvas, clean)


# Listeners


def test_the_whole_way_from_a_click_to_the_files(app, photo):
    page, states = app.page, app.page.states
    clicked = app.picking.click(click(64, 48), "keep", photo, Clicks(), None)
    clicks = clicked[states.clicks]
    picked = app.picking.segment(photo, clicks, None, None, OFFLINE, None)
    selection = picked[states.selection]
    assert selection.mask.shape == (HEIGHT, WIDTH)
    assert selection.mask[48, 64] > 0.5

    found = app.trimming.find(photo, selection, None, None)
    edit = found[states.trimap]
    assert set(np.unique(edit.values)) <= {BACKGROUND, UNKNOWN, FOREGROUND}

    stripe = np.zeros((HEIGHT, WIDTH), bool)
    stripe[:6] = True
    cut = app.finishing.cut_out(
        layer(BACKGROUND, stripe), photo, edit, None, "hard", "colour", "#00ff00", None
    )
    matte = cut[states.matte]
    written = np.asarray(Image.open(matte.trimap_file))
    assert set(np.unique(written)) <= {BACKGROUND, UNKNOWN, FOREGROUND}
    assert (written[stripe] == BACKGROUND).all()
    alpha = np.asarray(Image.open(matte.alpha_file))
    assert alpha.dtype == np.uint16
    assert alpha.shape == (HEIGHT, WIDTH)
    assert (alpha[written == BACKGROUND] == 0).all()
    assert (alpha[written == FOREGROUND] == 65535).all()
    cutout = Image.open(matte.cutout_file)
    assert cutout.mode == "RGBA"
    colours = estimate_foreground(photo.image, (alpha / 65535).astype(np.float32)).astype(int)
    assert np.abs(np.asarray(cutout)[:, :, :3] - colours).max() <= 1  # from an alpha of 16 bits
    assert not np.array_equal(colours, photo.image)
    composite = np.asarray(Image.open(cut[page.result.download_composite].value["path"]))
    assert (composite[stripe] == (0, 255, 0)).all()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.png", b""),
        ("note.jpg", b"this is no picture at all"),
        ("cut.png", b"\x89PNG\r\n\x1a\n" + bytes(40)),
    ],
)
def test_a_refused_photo_is_one_sentence_and_loses_nothing(app, photo, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    clicks = Clicks((Click(64, 48, "keep"),))
    with pytest.warns(UserWarning, match=r"^[^\n]+[.;?!]$") as said:
        kept = app.picking.take_photo(upload(path), photo, clicks, None, "click")
    assert len(said) == 1
    assert set(kept) == {app.page.pick.photo}
    shown = np.asarray(Image.open(kept[app.page.pick.photo]))
    assert shown.shape == photo.proxy.shape
    with pytest.warns(UserWarning):
        assert app.picking.take_photo(upload(path), None, Clicks(), None, "click") == {
            app.page.pick.photo: None
        }


def test_a_new_photo_leaves_nothing_of_the_old_one(app, tmp_path):
    Image.new("RGB", (40, 30), "orange").save(tmp_path / "plain.png")
    fresh = app.picking.take_photo(upload(tmp_path / "plain.png"), None, Clicks(), None, "click")
    states = app.page.states
    assert fresh[states.photo].size == (30, 40)
    assert fresh[states.clicks] == Clicks()
    assert all(
        fresh[state] is None for state in (states.selection, states.embedding, states.trimap, states.matte)
    )
    assert not fresh[app.page.edges.body].visible
    assert not fresh[app.page.result.body].visible


def test_a_segmentation_never_overwrites_newer_clicks(app, photo):
    answer = app.picking.segment(photo, Clicks((Click(64, 48, "keep"),)), None, None, OFFLINE, None)
    assert app.page.states.clicks not in answer


def test_clicks_that_were_answered_are_not_asked_again(app, photo):
    clicks = Clicks((Click(64, 48, "keep"),))
    first = app.picking.segment(photo, clicks, None, None, OFFLINE, None)[app.page.states.selection]
    again = app.picking.segment(photo, clicks, first, None, OFFLINE, None)[app.page.states.selection]
    assert again is first


def test_a_photo_is_embedded_once(app, photo):
    embedding = app.steps.embed(photo.image, photo.stamp, OFFLINE, None)
    assert app.steps.embed(photo.image, photo.stamp, OFFLINE, embedding) is embedding
    assert app.steps.embed(photo.image, "another photo", OFFLINE, embedding) is not embedding


def test_a_segmenter_that_cannot_be_had_gives_way_to_the_offline_one(app, photo, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.warns(UserWarning, match=r"^[^\n]+$"):
        answer = app.picking.segment(photo, Clicks((Click(64, 48, "keep"),)), None, None, "sam-vit-h", None)
    assert answer[app.page.pick.segmenter] == OFFLINE
    assert answer[app.page.states.selection].mask[48, 64] > 0.5


def test_a_changed_selection_marks_the_trimap_and_a_changed_trimap_the_cutout(app, photo, trimap):
    shown = app.picking._show_selection(photo, Clicks(), Selection.own(disc(30)), trimap)
    assert STALE_TRIMAP in shown[app.page.edges.say]
    matte = SimpleNamespace(made_from=trimap.stamp)
    assert app.page.result.say not in app.trimming.show(photo, trimap, matte)
    changed = trimap.change(np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8))
    assert STALE_MATTE in app.trimming.show(photo, changed, matte)[app.page.result.say]


@pytest.mark.parametrize("button", ["apply", "undo", "reset"])
def test_strokes_reach_the_trimap_by_every_button(app, photo, trimap, button):
    shown = getattr(app.trimming, button)(layer(BACKGROUND, disc(10)), photo, trimap, None)
    edit = shown[app.page.states.trimap]
    if button == "undo":
        assert np.array_equal(edit.values, trimap.values)
    else:
        latest = edit if button == "apply" else edit.undo()
        assert (latest.values[disc(10)] == BACKGROUND).all()


def test_wider_and_narrower_keep_the_strokes_and_do_what_they_say(app, photo, trimap):
    corner = np.zeros((HEIGHT, WIDTH), bool)
    corner[:12, :12] = True
    unknown = np.count_nonzero(trimap.values == UNKNOWN)
    for listener, grows in ((app.trimming.widen, True), (app.trimming.narrow, False)):
        values = listener(5, layer(FOREGROUND, corner), photo, trimap, None)[app.page.states.trimap].values
        assert values[0, 0] == FOREGROUND
        assert (np.count_nonzero(values == UNKNOWN) > unknown) == grows


def test_an_uploaded_trimap_comes_out_as_it_went_in(app, photo, trimap, tmp_path):
    Image.fromarray(trimap.values).save(tmp_path / "own.png")
    edit = app.trimming.upload(str(tmp_path / "own.png"), photo, None, None)[app.page.states.trimap]
    cut = app.finishing.cut_out(layer(), photo, edit, None, "soft", "checkerboard", "#000000", None)
    matte = cut[app.page.states.matte]
    assert np.array_equal(np.asarray(Image.open(matte.trimap_file)), trimap.values)
    alpha = np.asarray(Image.open(matte.alpha_file))
    assert (alpha[trimap.values == FOREGROUND] == 65535).all()
    assert (alpha[trimap.values == BACKGROUND] == 0).all()


def test_painted_pixels_are_the_mask(app, photo):
    taken = app.picking.take_painted(layer(FOREGROUND, disc(22)), photo, None)
    assert np.array_equal(taken[app.page.states.selection].mask >= 0.5, disc(22))


def test_what_is_missing_is_said_and_nothing_changes(app, photo, trimap, tmp_path):
    Image.new("L", (500, 20)).save(tmp_path / "flat.png")
    refusals = [
        lambda: app.trimming.apply(layer(), photo, trimap, None),
        lambda: app.trimming.undo(layer(), photo, trimap, None),
        lambda: app.trimming.find(photo, None, None, None),
        lambda: app.trimming.upload(str(tmp_path / "flat.png"), photo, trimap, None),
        lambda: app.picking.take_mask(str(tmp_path / "flat.png"), photo, None),
        lambda: app.picking.take_mask(str(tmp_path / "flat.png"), None, None),
        lambda: app.picking.take_painted(layer(), photo, None),
        lambda: app.finishing.cut_out(None, photo, None, None, "hard", "checkerboard", "#000000", None),
    ]
    for refusal in refusals:
        with pytest.warns(UserWarning, match=r"^[^\n]+[.;]$"):
            kept = refusal()
        # Where a stage's line already said that work has begun, it goes back to what it said before.
        assert kept == gr.skip() or set(kept) < {app.page.edges.say, app.page.result.say}


def test_a_refused_background_keeps_the_one_before(app, photo, tmp_path):
    (tmp_path / "no.png").write_bytes(b"no")
    before = np.full((20, 20, 3), 7, np.uint8)
    with pytest.warns(UserWarning):
        kept = app.finishing.take_picture(
            upload(tmp_path / "no.png"), photo, None, "picture", "#000000", before
        )
    assert app.page.states.backdrop not in kept
    assert np.asarray(Image.open(kept[app.page.result.picture])).shape == before.shape


def test_a_background_never_changes_what_the_last_line_says(app, photo):
    """The line may say that the cutout is stale, which stays true on every background."""
    alpha = np.linspace(0, 1, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    matte = _keep_matte(photo, TrimapEdit.own(np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8), None), alpha)
    backdrop = np.zeros((20, 20, 3), np.uint8)
    for background, picture in (("picture", None), ("picture", backdrop), ("colour", None)):
        shown = app.finishing.change_background(photo, matte, background, "#00ff00", picture)
        assert app.page.result.slider in shown
        assert app.page.result.say not in shown


def test_candidates_are_all_kept_and_one_is_chosen(app, photo):
    masks = np.stack([disc(30), disc(20), disc(10)]).astype(np.float32)
    answer = CoarseMasks(masks=masks, scores=np.array([0.9, 0.7, 0.4], np.float32))
    selection = Selection.of_masks(answer.masks, answer.scores, (Clicks(), OFFLINE))
    shown = app.picking.choose(SimpleNamespace(index=2), photo, Clicks(), selection, None)
    assert np.array_equal(shown[app.page.states.selection].mask, masks[2])
    assert len(shown[app.page.pick.candidates].value) == 3


def test_bugs_are_not_shown_to_people(caplog):
    assert explain(KeyError("α̂")) == UNEXPECTED
    assert explain(MemoryError()) == OUT_OF_MEMORY
    assert explain(ValueError("A sentence.")) == "A sentence."


# The page as a whole


def test_matte_is_the_one_public_endpoint(built):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        info = built.get_api_info()
    assert list(info["named_endpoints"]) == ["/matte"]
    assert not info["unnamed_endpoints"]
    names = [parameter["parameter_name"] for parameter in info["named_endpoints"]["/matte"]["parameters"]]
    assert names == ["photo", "mask", "trimap", "points", "box", "fusion"]


def test_networks_wait_in_one_line_and_clicks_are_never_dropped(built):
    listeners = {fn.name: fn for fn in built.fns.values()}
    heavy = [listeners[name] for name in ("segment", "find", "cut_out", "matte")]
    assert {listener.concurrency_id for listener in heavy} == {"gpu"}
    assert listeners["click"].trigger_mode == "multiple"


def test_the_look_needs_no_network():
    options = launch_options()
    sheets = "".join(Path(sheet).read_text() for sheet in options["css_paths"])
    assert not options["theme"]._stylesheets
    assert not re.search(r"url\([\"']?https?:|@import", sheets + options["theme"]._get_theme_css())


def test_clicks_are_understood_by_sam_where_its_weights_are_and_by_grabcut_elsewhere(monkeypatch, tmp_path):
    """A cache as huggingface_hub lays it out, first without and then with the weights of SAM 2.1 tiny."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert first_segmenter() == OFFLINE
    repository = tmp_path / "models--facebook--sam2.1-hiera-tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    assert first_segmenter() == OFFLINE
    (snapshot / "model.safetensors").write_bytes(b"")
    assert first_segmenter() == "sam2.1-tiny"


def test_every_segmenter_can_be_chosen_and_every_example_is_there(app):
    assert [name for _, name in app.page.pick.segmenter.choices] == list(SEGMENTERS)
    assert len(captioned()) >= 4


def test_off_spaces_a_step_is_the_plain_function(pipeline):
    def step(image):
        return image

    assert gpu.on_gpu(step) is step
    assert gpu.describe(pipeline.device).startswith("Running on")
    assert gpu.seconds_for(np.zeros((2160, 3840, 3), np.uint8)) > gpu.seconds_for(
        np.zeros((64, 64, 3), np.uint8)
    )
