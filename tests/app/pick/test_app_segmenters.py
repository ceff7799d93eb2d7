"""Segmenters that are added by whoever starts the page: in the menus, at work, and no others."""

from __future__ import annotations

import gradio as gr
import pytest
from segmentation_cases import lively, semantic

from matting.app.page import lay_out
from matting.app.pick.segmenter_menu import ADDED, choices, read_added
from matting.app.session.stages import Clicks
from matting.coarse import SEGMENTERS, Prompts, load_segmenter


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
