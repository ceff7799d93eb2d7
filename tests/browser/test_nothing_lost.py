"""Nothing is lost: early clicks count, one undo takes back everything, and a reload brings the work back."""

from __future__ import annotations

import numpy as np
import pytest
from driving import (
    PARROTS,
    SIZE,
    begin_with_trimap,
    choose_brush,
    choose_photo,
    click_photo,
    cut_out,
    download,
    known_trimap,
    paint_across_the_middle,
    picture_of,
    say,
    shown_anew,
    wait_for_editor,
    where_the_photo_is,
)
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.long

LEMUR = PARROTS.with_name("lemur.jpg")
FILE = """async ([bytes, kind, target, type]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], "lemur.jpg", { type: "image/jpeg" }));
    const options = { bubbles: true, cancelable: true };
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { ...options, clipboardData: data })
        : new DragEvent("drop", { ...options, dataTransfer: data });
    document.querySelector(target).dispatchEvent(event);
    return event.defaultPrevented;
}"""


def shows_lemur(page: Page) -> None:
    page.wait_for_function("document.querySelector('#photo .image-frame img')?.naturalWidth === 680")


def test_a_click_on_a_photo_that_is_still_being_opened_counts(open_page):
    page = open_page()
    page.evaluate(
        """() => {  // as soon as the picture is there, click on it
            const clickOn = (image) => {
                const box = image.getBoundingClientRect();
                image.dispatchEvent(new MouseEvent("click", {
                    bubbles: true, clientX: box.left + box.width * 0.78, clientY: box.top + box.height * 0.45 }));
            };
            const watch = new MutationObserver(() => {
                const image = document.querySelector("#photo .image-frame img");
                if (!image) return;
                watch.disconnect();
                if (image.complete) clickOn(image);
                else image.addEventListener("load", () => clickOn(image), { once: true });
            });
            watch.observe(document.querySelector("#photo"), { childList: true, subtree: true });
        }"""
    )
    page.locator("#photo input[type=file]").set_input_files(PARROTS)
    say(page, "pick", "If this is right")
    shown = picture_of(page, "#photo img").astype(int)
    x, y = round(0.78 * SIZE[0]), round(0.45 * SIZE[1])
    around = shown[y - 20 : y + 20, x - 20 : x + 20]
    assert (around[..., 1] - around[..., 0] > 80).any()  # the green disc of what is kept


def test_one_undo_takes_back_a_stroke_then_a_click_and_redo_does_the_click_again(open_page):
    page = open_page()
    choose_photo(page)
    click_photo(page, 0.78, 0.45)
    say(page, "pick", "If this is right")
    page.get_by_role("button", name="Find the edges").click()
    wait_for_editor(page)
    small = page.locator("#strip").get_by_role("link", name="Trimap", exact=True).locator("img")
    small.wait_for()
    before = small.get_attribute("src")
    choose_brush(page, "Drop")
    paint_across_the_middle(page)
    page.get_by_role("button", name="Apply strokes").click()
    expect(small).not_to_have_attribute("src", before, timeout=60_000)
    page.keyboard.press("Control+z")
    expect(small).to_have_attribute("src", before, timeout=60_000)
    page.keyboard.press("Control+z")
    say(page, "pick", "Outlined is what stands out")
    page.keyboard.press("Control+Shift+z")
    say(page, "pick", "If this is right")


def test_a_reload_brings_everything_back(open_page, tmp_path):
    known = known_trimap(tmp_path)
    page = open_page()
    begin_with_trimap(page, tmp_path / "trimap.png")
    click_photo(page, 0.78, 0.45)
    say(page, "pick", "If this is right")
    cut_out(page)
    shown, cutout = picture_of(page, "#photo img"), np.asarray(download(page, "download-cutout"))
    page.reload()
    say(page, "pick", "If this is right")
    say(page, "edges", "Yellow is unsure")
    say(page, "result", "Drag the handle")
    assert np.array_equal(picture_of(page, "#photo img"), shown)
    assert np.array_equal(np.asarray(download(page, "download-cutout")), cutout)
    assert np.array_equal(np.asarray(download(page, "download-trimap")), known)
    with shown_anew(page):
        page.keyboard.press("Control+z")
    say(page, "pick", "Outlined is what stands out")


def test_two_tabs_of_one_browser_do_not_mix(open_page):
    first = open_page()
    choose_photo(first)
    say(first, "pick", "Outlined is what stands out")
    second = first.context.new_page()
    second.goto(first.url)
    say(second, "pick", "Choose a photo")
    choose_photo(second, LEMUR)
    say(second, "pick", "Outlined is what stands out")
    first.reload()
    say(first, "pick", "Outlined is what stands out")
    assert picture_of(first, "#photo img").shape[1::-1] == SIZE


def test_a_photo_is_taken_wherever_it_is_dropped_and_when_it_is_pasted(open_page):
    page = open_page()
    lemur = list(LEMUR.read_bytes())
    assert page.evaluate(FILE, [lemur, "drop", ".masthead", ""])
    shows_lemur(page)
    say(page, "pick", "Outlined is what stands out")
    choose_photo_again(page)
    assert page.evaluate(FILE, [lemur, "paste", "body", ""])
    shows_lemur(page)
    say(page, "pick", "Outlined is what stands out")
    page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelector('#photo .image-frame img')?.naturalWidth === 768")
    expect(page.locator("#bring-back")).to_be_visible()
    assert where_the_photo_is(page)[2] > 100


def choose_photo_again(page: Page) -> None:
    """Replace the photo by the parrots."""
    with page.expect_file_chooser() as asked:
        page.locator("#own-photo").click()
    asked.value.set_files(PARROTS)
    page.wait_for_function("document.querySelector('#photo .image-frame img')?.naturalWidth === 768")
    say(page, "pick", "Outlined is what stands out")
