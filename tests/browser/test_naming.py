"""A segmenter that knows names: the object is named in words, in a real Chromium, at both widths."""

from __future__ import annotations

import numpy as np
import pytest
from demo_server import serving
from driving import (
    PARROTS,
    PHONE,
    assert_no_sideways_scroll,
    choose_photo,
    download,
    open_accordion,
    say,
    shown_anew,
)
from PIL import Image
from playwright.sync_api import Page, expect
from segmentation_cases import lively, semantic

from matting.app.pick.segmenter_menu import SHORT
from matting.coarse import DEFAULT, Prompts, load_segmenter

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def parser(tmp_path_factory):
    """A tiny model of `transformers` in the hub's format; nobody has trained it, so its regions are arbitrary."""
    folder = tmp_path_factory.mktemp("hub") / "tiny-parser"
    model, processor = semantic()
    for part in (lively(model), processor):
        part.save_pretrained(folder)
    return f"transformers:{folder}"


@pytest.fixture(scope="module")
def server(parser, tmp_path_factory):
    """The demo as it is started for those who want this segmenter in its menu."""
    with serving(tmp_path_factory.mktemp("cache"), "--coarse", parser) as address:
        yield address


@pytest.fixture(scope="module")
def named(parser):
    """A name that the model knows, and what it finds under it in the photo."""
    segmenter = load_segmenter(parser)
    embedding = segmenter.embed(np.asarray(Image.open(PARROTS).convert("RGB")))
    name = embedding.labels[0].split(",")[0].split(";")[0]
    return name, segmenter.segment(embedding, Prompts(words=name)).best > 0.5


def choose_parser(page: Page) -> None:
    open_accordion(page, "more-ways")
    expect(page.locator("#words")).to_be_hidden()
    page.get_by_label("Clicks are understood by").click()
    page.get_by_role("option", name="tiny-parser").click()
    expect(page.locator("#words")).to_be_visible()


def ask_for(page: Page, words: str) -> None:
    page.locator("#words").get_by_role("textbox").fill(words)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_words_say_what_is_meant_and_can_be_taken_back(open_page, named, options):
    name, found = named
    page = open_page(**options)
    choose_photo(page, automatic=True)
    choose_parser(page)
    assert_no_sideways_scroll(page)
    ask_for(page, "dragon")
    expect(page.locator(".toast-wrap")).to_contain_text("knows no label dragon; it knows")
    with shown_anew(page):
        ask_for(page, name)
    say(page, "live", "Your cutout")
    alpha = np.asarray(download(page, "take-cutout").convert("RGBA"))[..., 3] / 255
    assert alpha[found].mean() > alpha[~found].mean() + 0.3
    with shown_anew(page):
        page.locator("#undo-click").click()
    say(page, "pick", "Click on what you want to keep")


def test_a_segmenter_that_knows_no_names_asks_for_none(open_page):
    page = open_page()
    choose_photo(page)
    choose_parser(page)
    page.get_by_label("Clicks are understood by").click()
    page.get_by_role("option", name=SHORT.get(DEFAULT, DEFAULT)).click()
    expect(page.locator("#words")).to_be_hidden()
