"""Examples with shipped outputs: up to date, made again by their recipes, and a place to go on from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from app_cases import click, shown_as
from PIL import Image

from matting.app.examples import outputs
from matting.app.examples.listeners import ShippedExamples
from matting.app.parts.assets import captioned
from matting.app.pick.listeners import CLICK_NOW, EXAMPLE
from matting.app.result.listeners import DONE
from matting.app.session.matte_files import read_alpha
from matting.app.session.stages import Clicks
from matting.replay.recipe import read_recipe
from matting.replay.replaying import replay
from matting.trimaps.algebra import BACKGROUND

NAMES = [Path(path).stem for path, _ in captioned("examples")]
CHECKERBOARD = ("checkerboard", "#000000", None)


@pytest.fixture
def shipped_examples(app):
    return ShippedExamples(app.page, app.picks, app.trimaps, app.results, app.looks)


def photo_of(name):
    return outputs.open_photo(outputs.ASSETS / "examples" / f"{name}.jpg")


def chosen(name):
    return SimpleNamespace(index=NAMES.index(name))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_outputs_are_of_the_bundled_weights(pipeline, name):
    recipe = read_recipe(outputs.OUTPUTS / name / "recipe.json")
    assert recipe.weights == pipeline.fingerprint, "run `python -m matting examples` after new weights"
    assert recipe.points == outputs.first_clicks(name).points


def test_a_shipped_recipe_makes_the_shipped_alpha(pipeline):
    photo = photo_of("parrots")
    shipped = outputs.read(photo, pipeline.fingerprint)
    again = replay(shipped.recipe, pipeline, photo.image)
    apart = np.abs(again.alpha - shipped.alpha)
    assert apart.mean() < 1 / 255 and (apart > 8 / 255).mean() < 1e-3
    assert (again.trimap != shipped.trimap.values).mean() < 1e-3
    assert shipped.alpha.std() > 0.2


def test_what_is_written_is_read_back(pipeline, tmp_path):
    example = outputs.read(photo_of("osprey"), pipeline.fingerprint)
    outputs.write(example, tmp_path)
    back = outputs.read(example.photo, pipeline.fingerprint, tmp_path)
    assert np.array_equal(back.selection.masks, example.selection.masks)
    assert np.array_equal(back.trimap.values, example.trimap.values)
    assert np.array_equal(back.alpha, example.alpha) and back.recipe == example.recipe
    assert (back.trimap.values[:, :400] == BACKGROUND).all()  # the branches that were painted away
    assert not np.array_equal(back.trimap.undo().values, back.trimap.values)


def test_an_example_opens_with_every_stage_there(app, shipped_examples):
    states = app.page.states
    shown = shipped_examples.take(chosen("lemur"))
    photo, clicks, trimap = shown[states.photo], shown[states.clicks], shown[states.trimap]
    assert EXAMPLE in shown[app.page.pick.say]
    assert shown[states.selection].shown.shape == trimap.values.shape == photo.size
    assert shown[app.page.edges.body].visible and trimap.uncertain.shape == photo.proxy.shape[:2]
    assert shipped_examples.segment(photo, clicks, shown[states.selection], None, "sam2.1-tiny", trimap) == gr.skip()
    finished = shipped_examples.finish(photo, clicks, trimap, None, True, *CHECKERBOARD)
    matte = finished[states.matte]
    assert matte.made_from == trimap.stamp and DONE in finished[app.page.result.say]
    assert np.array_equal(read_alpha(matte), outputs.read(photo, shipped_examples.fingerprint).alpha)
    assert Image.open(matte.cutout_file).mode == "RGBA"
    assert read_recipe(matte.recipe_file).points == clicks.points


def test_a_click_picks_anew_and_dropping_corrects(app, shipped_examples):
    states = app.page.states
    shown = shipped_examples.take(chosen("parrots"))
    photo, clicks, selection = (shown[state] for state in (states.photo, states.clicks, states.selection))
    anew = app.picks.click(click(100, 100), shown_as(photo), "keep", (), photo, clicks, selection)[states.clicks]
    assert len(anew.trail) == 1 and anew.box is None
    assert (
        app.picks.click(click(9, 9), shown_as(photo), "keep", (), photo, anew, None)[states.clicks].trail[:1]
        == anew.trail
    )
    corrected = app.picks.click(click(100, 100), shown_as(photo), "remove", (), photo, clicks, selection)[states.clicks]
    assert corrected.trail[:-1] == clicks.trail
    # What has begun since is not covered by the example's cutout.
    assert shipped_examples.finish(photo, anew, shown[states.trimap], None, True, *CHECKERBOARD) == gr.skip()


def test_with_other_weights_an_example_opens_with_its_clicks_alone(app, shipped_examples):
    shipped_examples.fingerprint = "0" * 64
    states = app.page.states
    shown = shipped_examples.take(chosen("parrots"))
    photo, clicks = shown[states.photo], shown[states.clicks]
    assert shown[states.trimap] is None and CLICK_NOW in shown[app.page.pick.say]
    assert clicks == outputs.first_clicks("parrots") and not clicks.example
    answer = shipped_examples.segment(photo, clicks, None, None, "grabcut", None)
    assert answer[states.selection].mask.mean() > 0.1
    assert shipped_examples.finish(photo, clicks, None, None, True, *CHECKERBOARD) == gr.skip()


def test_a_folder_without_outputs_is_no_error(tmp_path, photo):
    assert outputs.read(replace(photo, name="disc"), "0" * 64, tmp_path) is None
    assert Clicks(()) == outputs.first_clicks("disc")
