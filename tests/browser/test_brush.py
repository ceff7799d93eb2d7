"""The brush on the cutout: what it keeps or erases shows at once, and the matte follows."""

from __future__ import annotations

import io

import numpy as np
import pytest
from driving import PARROTS, PHONE, assert_no_sideways_scroll, downloaded, say, where_the_photo_is
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.long

LEMUR = Image.open(PARROTS.with_name("lemur.jpg")).convert("RGB")
CUTOUT = "#live-cutout img"
ON_THE_FUR, IN_THE_LEAVES = (0.5, 0.35), (0.15, 0.3)
"""Places of the lemur's photo, as shares of its width and height."""


def open_lemur(page: Page) -> None:
    page.locator("#examples").get_by_role("button", name="Lemur").click()
    say(page, "live", "Your cutout")


def choose_brush(page: Page, name: str) -> None:
    page.locator("#brush-kind").get_by_label(name, exact=True).check()


def at(page: Page, place: tuple[float, float]) -> tuple[float, float]:
    left, top, width, height = where_the_photo_is(page, CUTOUT)
    return left + place[0] * width, top + place[1] * height


def seen_at(page: Page, place: tuple[float, float], side: int = 8) -> np.ndarray:
    """Return what the screen shows around a place of the cutout, RGB (side, side, 3)."""
    x, y = at(page, place)
    clip = {"x": x - side / 2, "y": y - side / 2, "width": side, "height": side}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")).astype(int)


def pixel(picture: Image.Image, place: tuple[float, float]) -> np.ndarray:
    return np.asarray(picture)[round(place[1] * picture.height), round(place[0] * picture.width)]


def cutout_with(page: Page, place: tuple[float, float], alpha: int) -> Image.Image:
    """Return the cutout as soon as the one that is offered has an alpha at a place."""
    return downloaded(page, "take-cutout", lambda picture: pixel(picture, place)[3] == alpha)


def test_what_is_erased_and_kept_shows_at_once_and_undo_takes_it_back(open_page):
    page = open_page(viewport={"width": 1366, "height": 768})
    open_lemur(page)
    fur = seen_at(page, ON_THE_FUR)
    choose_brush(page, "Erase")
    x, y = at(page, ON_THE_FUR)
    page.mouse.move(x - 20, y)
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=4)
    erased = seen_at(page, ON_THE_FUR)  # before the button is up: nothing has gone to the server
    assert np.ptp(erased, axis=2).max() <= 2 and erased.min() > 190, "a checkerboard is white and light gray"
    assert np.abs(erased - fur).max() > 50
    page.mouse.up()
    assert np.abs(seen_at(page, ON_THE_FUR) - erased).max() <= 12  # JPEG instead of a sheet, nothing else
    cutout = cutout_with(page, ON_THE_FUR, 0)
    assert pixel(cutout, (0.5, 0.6))[3] == 255 and pixel(cutout, IN_THE_LEAVES)[3] == 0

    choose_brush(page, "Keep")
    page.mouse.click(*at(page, IN_THE_LEAVES))
    kept = pixel(LEMUR, IN_THE_LEAVES).astype(int)
    assert np.abs(seen_at(page, IN_THE_LEAVES).mean(axis=(0, 1)) - kept).max() < 25
    cutout = cutout_with(page, IN_THE_LEAVES, 255)
    assert np.abs(pixel(cutout, IN_THE_LEAVES)[:3].astype(int) - kept).max() < 25
    assert pixel(cutout, ON_THE_FUR)[3] == 0
    say(page, "edges", "Yellow is unsure")

    page.locator("#live-cutout button").first.blur()
    page.keyboard.press("Control+z")
    cutout = cutout_with(page, IN_THE_LEAVES, 0)
    assert pixel(cutout, ON_THE_FUR)[3] == 0
    page.keyboard.press("Control+z")
    cutout_with(page, ON_THE_FUR, 255)
    page.keyboard.press("Control+Shift+z")
    cutout_with(page, ON_THE_FUR, 0)


def test_the_brush_works_by_keyboard_and_lets_the_cutout_be_compared_without(open_page):
    page = open_page()
    open_lemur(page)
    page.get_by_label("Cut out by itself").uncheck()  # the brush is a wish of its own
    choose_brush(page, "Erase")
    page.get_by_role("button", name="Cutout: arrow keys move the brush").focus()
    for key in ("ArrowUp", "Shift+ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator(".unseen")).to_have_text("50 % from the left, 38 % from the top")
    expect(page.locator("#live-cutout .ring")).to_be_visible()
    page.keyboard.press("Enter")
    cutout_with(page, (0.5, 0.38), 0)
    page.keyboard.press("Escape")
    expect(page.locator("#live-cutout .ring")).to_have_count(0)
    choose_brush(page, "No brush")
    expect(page.locator("#brush-width")).to_be_hidden()
    page.mouse.move(*at(page, (0.5, 0.6)))
    page.mouse.down()
    page.wait_for_function("document.querySelector('#live-cutout img').style.content")
    page.mouse.up()
    expect(page.locator("#live-cutout .sheet")).to_have_count(0)


def test_a_finger_paints_on_a_phone_and_the_page_stays_where_it_is(open_page):
    page = open_page(**PHONE)
    open_lemur(page)
    choose_brush(page, "Erase")
    page.locator("#brush-width input[type=range]").fill("8")
    page.locator(CUTOUT).scroll_into_view_if_needed()
    scrolled, fingers = page.evaluate("scrollY"), page.context.new_cdp_session(page)
    x, y = at(page, ON_THE_FUR)
    for kind, down in (("touchStart", 0), ("touchMove", 10), ("touchMove", 30), ("touchMove", 60), ("touchEnd", None)):
        points = [] if down is None else [{"x": x, "y": y + down}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.locator("#live-cutout .ring")).to_have_count(1)
    assert page.evaluate("scrollY") == scrolled
    cutout_with(page, ON_THE_FUR, 0)
    assert_no_sideways_scroll(page)
