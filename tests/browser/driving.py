"""How the browser tests drive the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download, Page, expect

ASSETS = Path(__file__).resolve().parents[2] / "assets"
PARROTS = ASSETS / "examples" / "parrots.jpg"
LAKE = ASSETS / "backgrounds" / "lake.jpg"
SIZE = (768, 512)
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}


def say(page: Page, stage: str, text: str) -> None:
    """Wait until a stage's status line says something."""
    expect(page.locator(f"#say-{stage} [role=status]")).to_contain_text(re.compile(text), timeout=120_000)


def choose_photo(page: Page, path: Path = PARROTS, *, automatic: bool = False) -> None:
    """Open a photo and wait for what stands out; unless `automatic`, no cutout follows by itself from then on."""
    page.locator("#photo input[type=file]").set_input_files(path)
    say(page, "pick", "Outlined is what stands out")
    if not automatic:
        page.get_by_label("Cut out by itself").uncheck()


def upload(page: Page, elem_id: str, path: Path) -> None:
    """Give a file to an upload button."""
    with page.expect_file_chooser() as asked:
        page.locator(f"#{elem_id}").click()
    asked.value.set_files(path)


def begin_with_trimap(page: Page, trimap: Path, said: str = "Yellow is unsure", photo: Path = PARROTS) -> None:
    """Open a photo with a trimap of one's own, the shortest way to stages 2 and 3."""
    choose_photo(page, photo)
    upload(page, "own-trimap", trimap)
    say(page, "edges", said)


def click_photo(page: Page, across: float, down: float) -> None:
    """Click at a share of the photo's width and height, and wait until the page shows it marked."""
    left, top, width, height = where_the_photo_is(page)
    with shown_anew(page):
        page.mouse.click(left + across * width, top + down * height)


@contextmanager
def shown_anew(page: Page) -> Iterator[None]:
    """Wait until the photo is another picture than before."""
    before = page.locator("#photo img").get_attribute("src")
    yield
    page.wait_for_function("before => document.querySelector('#photo img').src !== before", arg=before)


def where_the_photo_is(page: Page, selector: str = "#photo img") -> list[float]:
    """Return left, top, width and height of the photo itself, without the margins beside it."""
    image = page.locator(selector)
    image.scroll_into_view_if_needed()
    page.wait_for_function("selector => document.querySelector(selector)?.naturalWidth > 0", arg=selector)
    return image.evaluate(
        """image => {
            const box = image.getBoundingClientRect();
            const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
            const width = image.naturalWidth * scale, height = image.naturalHeight * scale;
            return [box.left + (box.width - width) / 2, box.top + (box.height - height) / 2, width, height];
        }"""
    )


def wait_for_editor(page: Page, elem_id: str = "trimap-editor") -> None:
    """Wait until an editor has drawn its photo; a canvas tells nothing, so look at it."""
    canvas = page.locator(f"#{elem_id} canvas").first
    canvas.wait_for()
    canvas.evaluate("canvas => canvas.scrollIntoView({ block: 'center' })")
    for _ in range(200):
        seen = np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB"), np.int16)
        middle = seen[seen.shape[0] // 2, seen.shape[1] // 3 : 2 * seen.shape[1] // 3]
        if np.ptp(middle) > 60:
            return
    pytest.fail("The editor never showed the photo.")


def choose_brush(page: Page, brush: str) -> None:
    page.locator("#brush").get_by_label(brush).check()
    expect(page.locator("#brush").get_by_label(brush)).to_be_checked()


def paint_across_the_middle(page: Page, elem_id: str = "trimap-editor") -> None:
    """Paint a short stroke through an editor's centre, which is the photo's centre."""
    canvas = page.locator(f"#{elem_id} canvas").first
    canvas.evaluate("canvas => canvas.scrollIntoView({ block: 'center' })")
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 15, y)
    page.mouse.down()
    page.mouse.move(x, y)
    page.mouse.move(x + 15, y)
    page.mouse.up()


def download(page: Page, elem_id: str) -> Image.Image:
    with page.expect_download() as coming:
        page.locator(f"#{elem_id}").click()
    arrived: Download = coming.value
    picture = Image.open(arrived.path())
    picture.load()
    return picture


def downloaded(page: Page, elem_id: str, right: Callable[[Image.Image], bool]) -> Image.Image:
    """Download until the page offers what is right; nothing that is seen tells when it does."""
    for _ in range(60):
        picture = download(page, elem_id)
        if right(picture):
            return picture
        page.wait_for_timeout(250)
    pytest.fail(f"The page went on offering {picture.format} of {picture.size}.")


def assert_no_sideways_scroll(page: Page) -> None:
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"], f"the page is {width} px wide"


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


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press, move and release the mouse, with the small first steps that make a browser believe in a drag."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + (end[0] > start[0]), start[1], steps=1)
    page.mouse.move(*end, steps=6)
    page.mouse.up()


def middle_of(page: Page, selector: str) -> tuple[float, float]:
    """Return the middle of the first element that fits, in pixels of the window."""
    box = page.locator(selector).first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
