"""What lies in the demo's accordions and its second tab, as the page serves it."""

from __future__ import annotations

import re
import zipfile

import numpy as np
import pytest
from driving import (
    PARROTS,
    PHONE,
    SIZE,
    assert_no_sideways_scroll,
    begin_with_trimap,
    choose_brush,
    choose_photo,
    click_photo,
    cut_out,
    download,
    downloaded,
    known_trimap,
    open_accordion,
    paint_across_the_middle,
    picture_of,
    say,
    shown_anew,
    upload,
    wait_for_editor,
    where_the_photo_is,
)
from PIL import Image
from playwright.sync_api import expect

from matting import MattingPipeline
from matting.replay.recipe import read_recipe
from matting.replay.replaying import replay

pytestmark = pytest.mark.long

LEMUR = PARROTS.with_name("lemur.jpg")


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
    page, known = open_page(), known_trimap(tmp_path, width=0)
    begin_with_trimap(page, tmp_path / "trimap.png", "Nothing is unsure")
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
    page = open_page()
    known_trimap(tmp_path)
    begin_with_trimap(page, tmp_path / "trimap.png")
    wait_for_editor(page)
    cut_out(page)
    # The status line says the same before and after, so what tells the whole pass is its picture: the second one.
    page.wait_for_function(
        "[...document.querySelectorAll('#before-after img')].some((i) => /after.png/.test(i.src) && i.naturalWidth)"
    )
    choose_brush(page, "Drop")
    paint_across_the_middle(page)
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
    page, known = open_page(), known_trimap(tmp_path)
    begin_with_trimap(page, tmp_path / "trimap.png")
    cut_out(page)
    open_accordion(page, "fringe")
    expect(page.locator("#fringe-views img")).to_have_count(4)
    assert (picture_of(page, "#fringe-views img").shape[0] % 4) == 0
    open_accordion(page, "looking")
    asked = page.locator("#asked-photo img")
    asked.scroll_into_view_if_needed()
    box = asked.bounding_box()
    x, y = box["x"] + box["width"] * 0.41, box["y"] + box["height"] / 2
    page.mouse.click(x, y)
    expect(page.locator("#maps .thumbnails img")).to_have_count(8, timeout=60_000)
    assert page.locator("#maps .preview img").first.bounding_box()["width"] > 250
    pixel = page.locator("#maps").inner_text()
    asked.scroll_into_view_if_needed()
    box = asked.bounding_box()
    x, y = box["x"] + box["width"] * 0.41, box["y"] + box["height"] / 2
    page.mouse.move(x - 10, y - 10)
    page.mouse.down()
    page.mouse.move(x, y, steps=3)
    expect(page.locator("#asked-photo .patch")).to_be_visible()
    page.mouse.up()
    expect(page.locator("#maps")).not_to_have_text(pixel, use_inner_text=True, timeout=60_000)
    expect(page.locator("#asked-photo .patch")).to_be_hidden()
    open_accordion(page, "scoring")
    Image.fromarray(np.where(known == 0, 0, 255).astype(np.uint8)).save(tmp_path / "truth.png")
    upload(page, "truth-upload", tmp_path / "truth.png")
    expect(page.locator("#scores table")).to_contain_text(re.compile(r"SAD.*Unknown region\s*\d"), timeout=60_000)


def test_the_strip_tells_what_is_out_of_date_and_takes_a_matte_of_ones_own(open_page, tmp_path):
    page, known = open_page(**PHONE), known_trimap(tmp_path)
    begin_with_trimap(page, tmp_path / "trimap.png")
    strip = page.locator("#strip")
    for name in ("Photo", "Trimap"):
        strip.get_by_role("link", name=name, exact=True).wait_for()
    strip.get_by_role("link", name="Matte, not there yet").wait_for()
    alpha = np.linspace(0, 65535, known.size).reshape(known.shape).astype(np.uint16)
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    upload(page, "own-matte", tmp_path / "alpha.png")
    say(page, "result", "your own matte")
    strip.get_by_role("link", name="Cutout", exact=True).wait_for()
    assert_no_sideways_scroll(page)
    assert np.array_equal(np.asarray(download(page, "download-alpha")), alpha)
    open_accordion(page, "band-width")
    page.locator("#wider").click()
    strip.get_by_role("link", name="Matte, outdated").click()
    expect(page.locator("#stage-result")).to_be_in_viewport()


def test_a_cut_out_is_stopped_and_nothing_is_lost(open_page, tmp_path):
    size = (1536, 1024)
    Image.open(PARROTS).resize(size).save(tmp_path / "large.jpg")
    known = np.full(size[::-1], 128, np.uint8)
    known[:, :400], known[:, 1100:] = 0, 255
    Image.fromarray(known).save(tmp_path / "trimap.png")
    page = open_page()
    begin_with_trimap(page, tmp_path / "trimap.png", photo=tmp_path / "large.jpg")
    button = page.get_by_role("button", name="Cut out", exact=True)
    button.click()
    expect(button).to_be_disabled()
    say(page, "result", r"Cutting out.*\d%")
    page.get_by_role("button", name="Stop", exact=True).click()
    say(page, "result", "Stopped")
    expect(button).to_be_enabled()
    expect(page.locator("#stop-cut-out")).to_be_hidden()
    expect(page.locator("#before-after")).to_be_hidden()
    open_accordion(page, "trimap-files")
    assert np.array_equal(np.asarray(download(page, "export-trimap")), known)


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


def test_one_photo_of_a_batch_is_corrected_in_the_main_tab_and_taken_back(open_page, tmp_path):
    (tmp_path / "note.jpg").write_text("no picture")
    page = open_page(viewport={"width": 1366, "height": 768})
    page.get_by_role("tab", name="Many photos").click()
    page.locator("#batch-photos input[type=file]").set_input_files([tmp_path / "note.jpg", PARROTS])
    page.locator("#batch-photos").get_by_text("parrots").wait_for()
    page.get_by_role("button", name="Cut out all").click()
    say(page, "batch", "1 of 2 photos cut out; 1 failed, see why below")
    expect(page.locator("#batch-rows")).to_contain_text("is not a picture")
    page.locator("#batch-gallery").get_by_role("button", name="parrots").click()
    page.get_by_role("button", name="Correct “parrots”").click()
    say(page, "pick", "“parrots” of your batch")
    say(page, "live", "Your cutout")
    assert download(page, "download-trimap").size == Image.open(PARROTS).size
    page.locator("#brush-kind").get_by_label("Erase", exact=True).check()
    left, top, width, height = where_the_photo_is(page, "#live-cutout img")
    page.mouse.click(left + 0.78 * width, top + 0.45 * height)
    erased = downloaded(page, "take-cutout", lambda cutout: cutout.getpixel((599, 230))[3] == 0)
    page.get_by_role("tab", name="Many photos").click()
    page.get_by_role("button", name="Take it back").click()
    say(page, "batch", "“parrots” is corrected")
    with page.expect_download() as coming:
        page.locator("#batch-archive").click()
    with zipfile.ZipFile(coming.value.path()) as archive, archive.open("parrots_cutout.png") as file:
        assert np.array_equal(np.asarray(Image.open(file)), np.asarray(erased))


def test_two_visitors_never_see_each_others_photos(open_page):
    first, second = open_page(), open_page()
    choose_photo(first, PARROTS)
    choose_photo(second, LEMUR)
    for page, across in ((first, 0.78), (second, 0.55)):
        click_photo(page, across, 0.5)
    for page, path in ((first, PARROTS), (second, LEMUR)):
        say(page, "pick", "If this is right")
        assert picture_of(page, "#photo img").shape[1::-1] == Image.open(path).size
