"""Draws the pictures of docs/demo.md: `make screenshots`, never with the other tests, since it writes into docs/."""

from __future__ import annotations

import io

import pytest
from driving import (
    ASSETS,
    PARROTS,
    PHONE,
    choose_photo,
    click_photo,
    open_accordion,
    say,
    wait_for_editor,
)
from PIL import Image
from playwright.sync_api import Locator, Page, expect

PICTURES = ASSETS.parent / "docs" / "pictures"
LAPTOP = {"viewport": {"width": 1366, "height": 860}}
ON_THE_RED_PARROT = (0.78, 0.45)

pytestmark = pytest.mark.screenshots


def keep(seen: Page | Locator, name: str, width: int = 1100) -> None:
    """Write what is seen as a JPEG of at most `width` pixels."""
    picture = Image.open(io.BytesIO(seen.screenshot())).convert("RGB")
    picture.thumbnail((width, 4 * width))
    picture.save(PICTURES / f"{name}.jpg", quality=85)


def test_every_step_of_one_photo(open_page):
    page = open_page(**LAPTOP)
    choose_photo(page, automatic=True)
    page.locator("#strip").scroll_into_view_if_needed()
    keep(page, "1-what-stands-out")
    click_photo(page, *ON_THE_RED_PARROT)
    say(page, "live", "Your cutout")
    expect(page.locator("#strip img")).to_have_count(5, timeout=60_000)
    keep(page, "2-one-click")
    wait_for_editor(page)
    keep(page.locator("#stage-edges"), "3-edges")
    page.locator("#background").get_by_label("Colour").check()
    expect(page.locator("#download-composite")).to_be_visible()
    keep(page.locator("#stage-result"), "4-cutout")
    open_accordion(page, "looking")
    asked = page.locator("#asked-photo img")
    asked.scroll_into_view_if_needed()
    box = asked.bounding_box()
    page.mouse.click(box["x"] + 0.62 * box["width"], box["y"] + 0.3 * box["height"])
    expect(page.locator("#maps .thumbnails img")).to_have_count(8)
    keep(page.locator("#looking"), "5-look-inside")


def test_many_photos(open_page):
    page = open_page(**LAPTOP)
    page.get_by_role("tab", name="Many photos").click()
    page.locator("#batch-photos input[type=file]").set_input_files(sorted((ASSETS / "examples").glob("*.jpg"))[:3])
    page.locator("#batch-run").click()
    expect(page.locator("#batch-gallery img")).to_have_count(3, timeout=120_000)
    keep(page, "6-many-photos")


def test_a_phone(open_page):
    page = open_page(**PHONE)
    choose_photo(page, PARROTS, automatic=True)
    click_photo(page, *ON_THE_RED_PARROT)
    say(page, "live", "Your cutout")
    page.wait_for_timeout(1000)  # the page scrolls smoothly
    keep(page, "7-phone", width=390)
