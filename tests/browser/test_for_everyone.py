"""Without a mouse and without seeing: everything has a name, and keys do what clicks do."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
import pytest
from driving import PHONE, SIZE, choose_photo, picture_of, say
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.long

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
LAPTOP = {"viewport": {"width": 1366, "height": 768}}
DISC = 80
"""A disc of what is kept is at least this much more green than red."""


def assert_nothing_serious(page: Page) -> None:
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run()")
    assert len(found["passes"]) > 10
    serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    assert not serious, [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in serious]


@pytest.mark.parametrize("options", [LAPTOP, PHONE, LAPTOP | {"color_scheme": "dark"}], ids=["laptop", "phone", "dark"])
def test_axe_finds_nothing_serious_and_everything_has_a_name(open_page, options):
    page = open_page(**options)
    assert_nothing_serious(page)
    page.locator("#examples").get_by_role("button", name="Lemur").click()
    say(page, "result", "Drag the handle")
    page.locator("#trimap-editor canvas").first.wait_for()
    expect(page.locator("#trimap-editor").get_by_role("img", name="Trimap over the photo")).not_to_have_count(0)
    handle = page.get_by_role("slider", name="Before and after")
    handle.scroll_into_view_if_needed()
    expect(handle).to_have_attribute("aria-valuenow", "50")
    before = int(handle.get_attribute("aria-valuenow"))
    handle.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function(
        "([selector, before]) => +document.querySelector(selector).getAttribute('aria-valuenow') > before",
        arg=["#before-after [role=slider]", before],
    )
    assert_nothing_serious(page)


def test_an_object_is_picked_by_keyboard_alone_and_escape_stops(open_page):
    page = open_page(**LAPTOP)
    choose_photo(page, automatic=True)
    photo = page.get_by_role("application", name="Photo")
    photo.focus()
    for key in ("ArrowUp", *["Shift+ArrowRight"] * 3, "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator("#photo .point")).to_be_visible()
    expect(page.locator(".unseen")).to_have_text("78 % from the left, 50 % from the top")
    page.keyboard.press("Enter")
    say(page, "pick", "If this is right")
    x, y = round(0.78 * SIZE[0]), round(0.5 * SIZE[1])
    around = picture_of(page, "#photo img").astype(int)[y - 12 : y + 12, x - 12 : x + 12]
    assert (around[..., 1] - around[..., 0] > DISC).mean() > 0.2
    candidates = page.locator("#candidates").get_by_role("button")
    assert "%" not in page.locator("#candidates").inner_text()
    for index in range(candidates.count()):
        assert candidates.nth(index).get_attribute("aria-label") in ("The whole", "A part", "Another")
    page.keyboard.press("Escape")
    expect(page.locator("#photo .point")).to_have_count(0)
    page.locator("#stop-cut-out").wait_for()
    page.keyboard.press("Escape")
    say(page, "result", "Stopped")
    expect(page.locator("#take-cutout")).to_be_hidden()
