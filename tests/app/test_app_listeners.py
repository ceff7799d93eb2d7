"""What the buttons of the three steps do: states are never mixed up, what is refused loses nothing."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, click, disc, layer, shown_as, upload
from PIL import Image

from matting.app.edges.listeners import STALE_MATTE
from matting.app.parts.messages import OUT_OF_MEMORY, UNEXPECTED, explain
from matting.app.pick.listeners import STALE_TRIMAP
from matting.app.pick.segmenter_menu import OFFLINE
from matting.app.result.listeners import keep_matte
from matting.app.session.stages import Click, Clicks, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.coarse import CoarseMasks
from matting.compositing import estimate_foreground
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN


def test_the_whole_way_from_a_click_to_the_files(app, photo, monkeypatch):
    page, states = app.page, app.page.states
    clicked = app.picks.click(click(64, 48), shown_as(photo), "keep", (), photo, Clicks(), None)
    clicks = clicked[states.clicks]
    picked = app.picks.segment(photo, clicks, None, None, OFFLINE, None)
    selection = picked[states.selection]
    assert selection.mask.shape == (HEIGHT, WIDTH)
    assert selection.mask[48, 64] > 0.5

    found = app.trimaps.find(photo, selection, None, None)
    edit = found[states.trimap]
    assert set(np.unique(edit.values)) <= {BACKGROUND, UNKNOWN, FOREGROUND}

    stripe = np.zeros((HEIGHT, WIDTH), bool)
    stripe[:6] = True
    computed, compute = [], app.steps.alpha
    monkeypatch.setattr(app.steps, "alpha", lambda *given: computed.append(compute(*given)) or computed[-1])
    cut = app.results.cut_out(
        layer(BACKGROUND, stripe), photo, edit, None, "hard", "spamattnet", True, "colour", "#00ff00", None
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
    exact = computed[0].astype(np.float64)  # colours are estimated before alpha is rounded
    np.testing.assert_array_equal(alpha, np.rint(exact * 65535))
    colours = estimate_foreground(photo.image, exact).astype(int)
    shown = np.abs(np.asarray(cutout)[:, :, :3] - colours) * (alpha / 65535)[..., None]
    assert shown.max() <= 1
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
        kept = app.picks.take_photo(upload(path), photo, clicks, None, "click")
    assert len(said) == 1
    assert set(kept) == {app.page.pick.photo}
    shown = np.asarray(Image.open(kept[app.page.pick.photo]))
    assert shown.shape == photo.proxy.shape
    with pytest.warns(UserWarning):
        assert app.picks.take_photo(upload(path), None, Clicks(), None, "click") == {app.page.pick.photo: None}


def test_a_new_photo_leaves_nothing_of_the_old_one(app, tmp_path):
    Image.new("RGB", (40, 30), "orange").save(tmp_path / "plain.png")
    fresh = app.picks.take_photo(upload(tmp_path / "plain.png"), None, Clicks(), None, "click")
    states = app.page.states
    assert fresh[states.photo].size == (30, 40)
    assert fresh[states.clicks] == Clicks()
    assert all(fresh[state] is None for state in (states.selection, states.embedding, states.trimap, states.matte))
    assert not fresh[app.page.edges.body].visible
    assert not fresh[app.page.result.body].visible


def test_a_segmentation_never_overwrites_newer_clicks(app, photo):
    answer = app.picks.segment(photo, Clicks((Click(64, 48, "keep"),)), None, None, OFFLINE, None)
    assert app.page.states.clicks not in answer


def test_clicks_that_were_answered_are_not_asked_again(app, photo):
    clicks = Clicks((Click(64, 48, "keep"),))
    first = app.picks.segment(photo, clicks, None, None, OFFLINE, None)[app.page.states.selection]
    again = app.picks.segment(photo, clicks, first, None, OFFLINE, None)[app.page.states.selection]
    assert again is first


def test_a_photo_is_embedded_once(app, photo):
    embedding = app.steps.embed(photo.image, photo.stamp, OFFLINE, None)
    assert app.steps.embed(photo.image, photo.stamp, OFFLINE, embedding) is embedding
    assert app.steps.embed(photo.image, "another photo", OFFLINE, embedding) is not embedding


def test_a_segmenter_that_cannot_be_had_gives_way_to_the_offline_one(app, photo, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.warns(UserWarning, match=r"^[^\n]+$"):
        answer = app.picks.segment(photo, Clicks((Click(64, 48, "keep"),)), None, None, "sam-vit-h", None)
    assert answer[app.page.pick.segmenter] == OFFLINE
    assert answer[app.page.states.selection].mask[48, 64] > 0.5


def test_a_changed_selection_marks_the_trimap_and_a_changed_trimap_the_cutout(app, photo, trimap):
    shown = app.picks.show_selection(photo, Clicks(), Selection.own(disc(30)), trimap)
    assert STALE_TRIMAP in shown[app.page.edges.say]
    matte = SimpleNamespace(made_from=trimap.stamp)
    assert app.page.result.say not in app.trimaps.show(photo, trimap, matte)
    changed = trimap.change(np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8))
    assert STALE_MATTE in app.trimaps.show(photo, changed, matte)[app.page.result.say]


@pytest.mark.parametrize("button", ["apply", "undo", "reset"])
def test_strokes_reach_the_trimap_by_every_button(app, photo, trimap, button):
    shown = getattr(app.trimaps, button)(layer(BACKGROUND, disc(10)), photo, trimap, None)
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
    for listener, grows in ((app.trimaps.widen, True), (app.trimaps.narrow, False)):
        values = listener(5, layer(FOREGROUND, corner), photo, trimap, None)[app.page.states.trimap].values
        assert values[0, 0] == FOREGROUND
        assert (np.count_nonzero(values == UNKNOWN) > unknown) == grows


def test_an_uploaded_trimap_comes_out_as_it_went_in(app, photo, trimap, tmp_path):
    Image.fromarray(trimap.values).save(tmp_path / "own.png")
    edit = app.trimaps.upload(str(tmp_path / "own.png"), photo, None, None)[app.page.states.trimap]
    cut = app.results.cut_out(layer(), photo, edit, None, "soft", "spamattnet", True, "checkerboard", "#000000", None)
    matte = cut[app.page.states.matte]
    assert np.array_equal(np.asarray(Image.open(matte.trimap_file)), trimap.values)
    alpha = np.asarray(Image.open(matte.alpha_file))
    assert (alpha[trimap.values == FOREGROUND] == 65535).all()
    assert (alpha[trimap.values == BACKGROUND] == 0).all()


def test_painted_pixels_are_the_mask(app, photo):
    taken = app.own.take_painted(layer(FOREGROUND, disc(22)), photo, None)
    assert np.array_equal(taken[app.page.states.selection].mask >= 0.5, disc(22))


def test_what_is_missing_is_said_and_nothing_changes(app, photo, trimap, tmp_path):
    Image.new("L", (500, 20)).save(tmp_path / "flat.png")
    refusals = [
        lambda: app.trimaps.apply(layer(), photo, trimap, None),
        lambda: app.trimaps.undo(layer(), photo, trimap, None),
        lambda: app.trimaps.find(photo, None, None, None),
        lambda: app.trimaps.upload(str(tmp_path / "flat.png"), photo, trimap, None),
        lambda: app.own.take_mask(str(tmp_path / "flat.png"), photo, None),
        lambda: app.own.take_mask(str(tmp_path / "flat.png"), None, None),
        lambda: app.own.take_painted(layer(), photo, None),
        lambda: app.results.cut_out(
            None, photo, None, None, "hard", "spamattnet", True, "checkerboard", "#000000", None
        ),
    ]
    for refusal in refusals:
        with pytest.warns(UserWarning, match=r"^[^\n]+[.;]$"):
            kept = refusal()
        # Where a stage's line already said that work has begun, it goes back to what it said before.
        lines = {app.page.edges.say, app.page.result.say, app.page.result.stop, app.page.edges.cut_out}
        assert kept == gr.skip() or set(kept) < lines


def test_a_refused_background_keeps_the_one_before(app, photo, tmp_path):
    (tmp_path / "no.png").write_bytes(b"no")
    before = np.full((20, 20, 3), 7, np.uint8)
    with pytest.warns(UserWarning):
        kept = app.results.take_picture(upload(tmp_path / "no.png"), photo, None, "picture", "#000000", before)
    assert app.page.states.backdrop not in kept
    assert np.asarray(Image.open(kept[app.page.result.picture])).shape == before.shape


def test_a_background_never_changes_what_the_last_line_says(app, photo):
    """The line may say that the cutout is stale, which stays true on every background."""
    alpha = np.linspace(0, 1, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    matte = keep_matte(photo, TrimapEdit.own(np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8), None), alpha)
    backdrop = np.zeros((20, 20, 3), np.uint8)
    for background, picture in (("picture", None), ("picture", backdrop), ("colour", None)):
        shown = app.results.change_background(photo, matte, background, "#00ff00", picture)
        assert app.page.result.slider in shown
        assert app.page.result.say not in shown


def test_candidates_are_all_kept_and_one_is_chosen(app, photo):
    masks = np.stack([disc(30), disc(20), disc(10)]).astype(np.float32)
    answer = CoarseMasks(masks=masks, scores=np.array([0.9, 0.7, 0.4], np.float32))
    selection = Selection.of_masks(answer.masks, answer.scores, (Clicks(), OFFLINE))
    shown = app.picks.choose(SimpleNamespace(index=2), photo, Clicks(), selection, None)
    assert np.array_equal(shown[app.page.states.selection].mask, masks[2])
    assert len(shown[app.page.pick.candidates].value) == 3


def test_bugs_are_not_shown_to_people(caplog):
    assert explain(KeyError("α̂")) == UNEXPECTED
    assert explain(MemoryError()) == OUT_OF_MEMORY
    assert explain(ValueError("A sentence.")) == "A sentence."
