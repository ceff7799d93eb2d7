"""Segmenters that are added by whoever starts the page: in the menus, at work, and no others."""

from __future__ import annotations

import gradio as gr
import pytest
from segmentation_cases import lively, semantic

from matting.app.backend.computations import OWN_METHOD
from matting.app.page import lay_out
from matting.app.pick.segmenter_menu import ADDED, choices, read_added
from matting.app.session.recipe import recipe_of
from matting.app.session.stages import Click, Clicks
from matting.coarse import DEFAULT, SEGMENTERS, Prompts, load_segmenter
from matting.replay.replaying import replay


@pytest.fixture
def added(photo, tmp_path):
    """A tiny model that is saved, named with a label that it finds in the photo."""
    model, processor = semantic()
    for part in (lively(model), processor):
        part.save_pretrained(tmp_path / "tiny-parser")
    source = f"transformers:{tmp_path / 'tiny-parser'}"
    label = load_segmenter(source).embed(photo.image).labels[0].split(",")[0].split(";")[0]
    return f"{source}#{label}", label


def test_an_added_model_is_in_both_menus_by_a_short_name_and_nothing_else_can_be_asked_for(added):
    name, label = added
    with gr.Blocks():
        page = lay_out("here", [name])
    for menu in (page.pick.segmenter, page.batch.segmenter):
        assert menu.choices[-1] == (f"{label}: tiny-parser", name)
        assert menu.preprocess(name) == name
        with pytest.raises(gr.Error, match="not in the list of choices"):
            menu.preprocess("transformers:someone/else#hat")
    assert [shown for _, shown in choices()] == list(SEGMENTERS)


def test_an_added_model_finds_its_label_without_a_click(app, photo, added):
    name, _ = added
    answer = app.picks.segment(photo, Clicks(), None, None, name, None)
    expected = load_segmenter(name)
    best = expected.segment(expected.embed(photo.image), Prompts()).best
    assert (answer[app.page.states.selection].mask == best).all() and best.any()


def test_words_are_a_step_like_a_click_and_their_recipe_is_replayed(app, photo, added):
    states, stage = app.page.states, app.page.pick
    named, label = added
    name = named.partition("#")[0]
    assert app.picks.show_words(name)[stage.words].visible and not app.picks.show_words(DEFAULT)[stage.words].visible
    clicks = app.picks.say_words(f"  {label} ", photo, Clicks(), None)[states.clicks]
    assert clicks.words == label and not clicks.points and clicks.undo().prompts is None
    selection = app.picks.segment(photo, clicks, None, None, name, None)[states.selection]
    assert app.picks.say_words(label, photo, clicks, selection) == gr.skip()
    expected = load_segmenter(named)
    assert (selection.mask == expected.segment(expected.embed(photo.image), Prompts()).best).all()
    trimap = app.trimaps.find_edges(photo, selection, None)
    alpha = app.steps.alpha(photo.image, trimap.values, None, "hard")
    recipe = recipe_of(app.steps.pipeline, photo, trimap, alpha, "hard", OWN_METHOD)
    assert recipe.segmenter == named and recipe.points == ()
    assert (replay(recipe, app.steps.pipeline, photo.image).alpha == alpha).all()


def test_words_that_were_refused_are_no_step_to_return_to(app, photo, added):
    states, named, label = app.page.states, *added
    name = named.partition("#")[0]
    clicks = Clicks().add(Click(30, 20, "keep"))
    selection = app.picks.segment(photo, clicks, None, None, name, None)[states.selection]
    refused = app.picks.say_words("dragon", photo, clicks, selection)[states.clicks]
    with pytest.warns(UserWarning, match="knows no label dragon"):
        left = app.picks.segment(photo, refused, selection, None, name, None)[states.selection]
    assert left is selection
    again = app.picks.say_words("dragon", photo, refused, left)[states.clicks]
    assert again == refused != clicks
    taken = app.picks.say_words(label, photo, again, left)[states.clicks]
    assert taken.words == label and taken.undo() == clicks


def test_a_segmenter_that_was_given_no_name_waits_for_one_or_for_a_click(app, photo, added, recwarn):
    states, name = app.page.states, added[0].partition("#")[0]
    clicks = Clicks().add(Click(0, 0, "words", words=added[1]))
    selection = app.picks.segment(photo, clicks, None, None, name, None)[states.selection]
    assert app.picks.segment(photo, clicks.undo(), selection, None, name, None)[states.selection] is None
    assert not recwarn.list


def test_words_do_not_reach_a_segmenter_that_knows_no_names(app, photo):
    clicks = Clicks().add(Click(0, 0, "words", words="hat")).add(Click(30, 20, "keep"))
    assert clicks.prompts_for("grabcut") == Prompts(points=((30, 20, 1),))
    assert clicks.prompts_for("transformers:x/y").words == "hat"
    assert not app.picks.segment(photo, clicks, None, None, "grabcut", None)[app.page.states.selection].empty


def test_the_command_line_and_the_environment_add_the_same_way(monkeypatch, capsys):
    monkeypatch.delenv(ADDED, raising=False)
    assert read_added([]) == ()
    both = ("u2net:a.pth", "transformers:x/y#hat, hair")
    assert read_added(["--coarse", *both]) == both
    monkeypatch.setenv(ADDED, "u2net:a.pth; transformers:x/y#hat, hair;")
    assert read_added(["--coarse", "u2net:a.pth"]) == both
    refused = {"nonsense:x": "no segmenter 'nonsense:x'", "transformers": "NAME:SOURCE", "grabcut": "NAME:SOURCE"}
    for wrong, said in refused.items():
        with pytest.raises(SystemExit):
            read_added(["--coarse", wrong])
        assert said in capsys.readouterr().err


def test_two_models_of_one_short_name_are_told_apart():
    shown = [text for text, _ in choices(["u2net:a/net.pth", "u2net:b/net.pth"])]
    assert shown[-2:] == ["u2net: net.pth", "u2net:b/net.pth"]
