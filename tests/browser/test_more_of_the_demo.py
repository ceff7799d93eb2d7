"""What lies in the demo's accordions and its second tab, as the page serves it."""

from __future__ import annotations

import io
import re
import zipfile

import numpy as np
from driving import (
    PARROTS,
    PHONE,
    SIZE,
    assert_no_sideways_scroll,
    choose_brush,
    choose_photo,
    click_photo,
    download,
    paint_across_the_middle,
    say,
    shown_anew,
    upload,
    wait_for_editor,
)
from PIL import Image
from playwright.sync_api import Page, expect

from matting import MattingPipeline
from matting.recipe import read_recipe
from matting.replay import replay

LEMUR = PARROTS.with_name("lemur.jpg")


def open_accordion(page: Page, elem_id: str) -> None:
    page.locator(f"#{elem_id}").get_by_role("button").first.click()


def cut_out(page: Page) -> None:
    page.get_by_role("button", name="Cut out", exact=True).click()
    say(page, "result", "Drag the handle")


def picture_of(page: Page, selector: str) -> np.ndarray:
    source = page.locator(selector).first.get_attribute("src")
    return np.asarray(Image.open(io.BytesIO(page.request.get(source).body())).convert("RGB"))


def known_trimap(tmp_path, width: int = 40) -> np.ndarray:
    """Write trimap.png: background on the left, foreground on the right, `width` unknown columns between."""
    known = np.full(SIZE[::-1], 255, np.uint8)
    known[:, :300], known[:, 300 : 300 + width] = 0, 128
    Image.fromarray(known).save(tmp_path / "trimap.png")
    return known


def test_a_mask_is_swapped_taken_back_and_swapped_again(open_page):
    page = open_page()
    choose_photo(page)
    click_photo(page, 0.78, 0.45)
    say(page, "pick", "If this is right")
    open_accordion(page, "mask-tools")
    first = picture_of(page, "#photo img").astype(int)
    for elem_id in ("mask-invert", "undo-click", "redo-click"):
        with shown_anew(page):
            page.locator(f"#{elem_id}").click()
        seen = picture_of(page, "#photo img").astype(int)
        same = np.abs(seen - first).mean() < 1
        assert same == (elem_id == "undo-click")


def test_the_doctor_opens_a_band_and_a_thumbnail_doubles_it(open_page, tmp_path):
    known = known_trimap(tmp_path, width=0)
    page = open_page()
    choose_photo(page)
    upload(page, "own-trimap", tmp_path / "trimap.png")
    say(page, "edges", "Nothing is unsure")
    open_accordion(page, "doctor")
    page.get_by_role("button", name="Open a band along the edge").click()
    say(page, "edges", "Yellow is unsure")
    page.locator("#doctor").get_by_text("The trimap is sound").wait_for()
    open_accordion(page, "trimap-files")
    narrow = np.asarray(download(page, "export-trimap"))
    open_accordion(page, "band-width")
    with page.expect_response(lambda response: "_trimap.png" in response.url or "band.jpg" in response.url):
        page.locator("#bands").get_by_role("button").nth(2).click()
    cut_out(page)
    wide = np.asarray(download(page, "download-trimap"))
    for trimap in (narrow, wide):
        assert set(np.unique(trimap)) == {0, 128, 255}
        decided = trimap != 128
        assert np.array_equal(trimap[decided], known[decided])
    assert 1.7 < np.count_nonzero(wide == 128) / np.count_nonzero(narrow == 128) < 2.3


def test_a_stroke_is_previewed_and_everything_is_in_the_archive_with_a_recipe_that_replays(open_page, tmp_path):
    known_trimap(tmp_path)
    page = open_page()
    choose_photo(page)
    upload(page, "own-trimap", tmp_path / "trimap.png")
    say(page, "edges", "Yellow is unsure")
    wait_for_editor(page)
    cut_out(page)
    choose_brush(page, "Drop")
    paint_across_the_middle(page)
    # The status line says the same before and after, so what tells the whole pass is its picture.
    with page.expect_response(lambda response: "after.png" in response.url):
        with page.expect_response(lambda response: "preview.png" in response.url):
            page.get_by_role("button", name="Cut out", exact=True).click()
    say(page, "result", "Drag the handle")
    open_accordion(page, "more-files")
    with page.expect_download() as coming:
        page.locator("#download-all").click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        archive.extractall(tmp_path)
    alpha = np.asarray(Image.open(tmp_path / "parrots_alpha.png"))
    assert alpha[SIZE[1] // 2, SIZE[0] // 2] == 0
    recipe = read_recipe(tmp_path / "parrots_recipe.json")
    again = replay(recipe, MattingPipeline.from_pretrained(), PARROTS)
    assert np.abs(again.alpha * 65535 - alpha).max() <= 1  # bit for bit with the server's number of threads
    open_accordion(page, "in-notebook")
    expect(page.locator("#notebook")).to_contain_text("Recipe.from_json")


def test_the_edges_the_attention_and_the_errors_are_shown(open_page, tmp_path):
    known = known_trimap(tmp_path)
    page = open_page()
    choose_photo(page)
    upload(page, "own-trimap", tmp_path / "trimap.png")
    say(page, "edges", "Yellow is unsure")
    cut_out(page)
    open_accordion(page, "fringe")
    expect(page.locator("#fringe-views img")).to_have_count(4)
    assert (picture_of(page, "#fringe-views img").shape[0] % 4) == 0
    open_accordion(page, "looking")
    page.locator("#asked-photo img").click()
    page.locator("#maps img").first.wait_for()
    assert page.locator("#maps img").count() == 8
    open_accordion(page, "scoring")
    Image.fromarray(np.where(known == 0, 0, 255).astype(np.uint8)).save(tmp_path / "truth.png")
    with page.expect_file_chooser() as asked:
        page.locator("#truth-upload").click()
    asked.value.set_files(tmp_path / "truth.png")
    expect(page.locator("#scores table")).to_contain_text(re.compile(r"SAD.*Unknown region\s*\d"), timeout=60_000)


def test_many_photos_come_back_as_one_archive(open_page):
    page = open_page(**PHONE)
    page.get_by_role("tab", name="Many photos").click()
    page.locator("#batch-photos input[type=file]").set_input_files([PARROTS, LEMUR])
    page.locator("#batch-photos").get_by_text("lemur").wait_for()
    page.get_by_role("button", name="Cut out all").click()
    say(page, "batch", "2 of 2")
    assert_no_sideways_scroll(page)
    with page.expect_download() as coming:
        page.locator("#batch-archive").click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        assert len(archive.namelist()) == 4
        with archive.open("lemur_cutout.png") as file:
            assert Image.open(file).mode == "RGBA"


def test_two_visitors_never_see_each_others_photos(open_page):
    first, second = open_page(), open_page()
    choose_photo(first, PARROTS)
    choose_photo(second, LEMUR)
    for page, across in ((first, 0.78), (second, 0.55)):
        click_photo(page, across, 0.5)
    for page, path in ((first, PARROTS), (second, LEMUR)):
        say(page, "pick", "If this is right")
        assert picture_of(page, "#photo img").shape[1::-1] == Image.open(path).size


def test_a_reload_in_the_middle_begins_anew(open_page):
    page = open_page()
    choose_photo(page)
    click_photo(page, 0.78, 0.45)
    say(page, "pick", "If this is right")  # Gradio's client complains of a stream that a reload cuts off
    page.reload()
    say(page, "pick", "Choose a photo")
    choose_photo(page, LEMUR)
    click_photo(page, 0.55, 0.5)
    say(page, "pick", "If this is right")
