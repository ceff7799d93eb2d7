"""The cutout as it is taken home, decoded from what the page gives: compared, converted, cropped, copied."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from driving import (
    PARROTS,
    PHONE,
    assert_no_sideways_scroll,
    choose_photo,
    download,
    downloaded,
    open_accordion,
    say,
    upload,
)
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from matting.app.result.taking import crop_to_object

pytestmark = pytest.mark.long

LEMUR = np.asarray(Image.open(PARROTS.with_name("lemur.jpg")).convert("RGB"))
COPIED = """async () => {
    const [item] = await navigator.clipboard.read();
    const picture = await createImageBitmap(await item.getType("image/png"));
    const canvas = new OffscreenCanvas(picture.width, picture.height), ink = canvas.getContext("2d");
    ink.drawImage(picture, 0, 0);
    return [picture.width, picture.height, ...ink.getImageData(0, 0, 1, 1).data];
}"""


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_a_shadow_is_kept_dropped_and_refused(open_page, tmp_path, options):
    y, x = np.mgrid[:300, :400]
    disc = np.clip((60 - np.hypot(x - 200, y - 120)) / 2 + 0.5, 0, 1)[:, :, None]
    shadow = 0.5 * np.exp(-((((x - 215) / 85) ** 2 + ((y - 188) / 25) ** 2) ** 2))[:, :, None]
    lit = disc * [190, 40, 40] + (1 - disc) * (1 - shadow) * (225 - 20 * x / 400)[:, :, None]
    Image.fromarray(np.rint(lit).astype(np.uint8)).save(tmp_path / "lit.png")
    Image.fromarray(np.rint(disc[:, :, 0] * 255).astype(np.uint8)).save(tmp_path / "disc.png")
    page = open_page(**options)
    choose_photo(page, tmp_path / "lit.png", automatic=True)
    upload(page, "own-matte", tmp_path / "disc.png")
    say(page, "live", "Press and hold")
    kept = page.get_by_label("Keep its shadow")
    place = (215, 195)

    def opacity(cutout: Image.Image) -> int:
        return cutout.convert("RGBA").getpixel(place)[3]

    assert opacity(download(page, "download-cutout")) == 0
    kept.check()
    cutout = downloaded(page, "take-cutout", lambda cutout: opacity(cutout) > 0)
    assert abs(opacity(cutout) - 127) < 12 and cutout.convert("RGBA").getpixel((20, 20))[3] == 0
    kept.uncheck()
    downloaded(page, "take-cutout", lambda cutout: opacity(cutout) == 0)
    assert_no_sideways_scroll(page)

    page.locator("#examples").get_by_role("button", name="Lemur").click()
    say(page, "result", "Drag the handle")
    kept.check()
    expect(page.locator(".toast-wrap")).to_contain_text("comes without one")
    expect(kept).not_to_be_checked()


def seen_as(page: Page, selector: str, size: tuple[int, int]) -> np.ndarray:
    """Return what the screen shows of an element, at a size."""
    shot = Image.open(io.BytesIO(page.locator(selector).screenshot())).convert("RGB")
    return np.asarray(shot.resize(size)).astype(int)


def test_an_examples_cutout_is_compared_converted_cropped_copied_and_called(open_page):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#examples").get_by_role("button", name="Lemur").click()
    say(page, "result", "Drag the handle")
    say(page, "live", "Press and hold")

    # While it is pressed the cutout gives way to the photo.
    box = page.locator("#live-cutout img").bounding_box()
    shown = [seen_as(page, "#live-cutout img", (60, 60))]
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_function("document.querySelector('#live-cutout img').style.content")
    shown.append(seen_as(page, "#live-cutout img", (60, 60)))
    page.mouse.up()
    shown.append(seen_as(page, "#live-cutout img", (60, 60)))
    assert np.abs(shown[0] - shown[2]).mean() < 1 < 10 < np.abs(shown[0] - shown[1]).mean()

    whole = np.asarray(download(page, "download-cutout"))
    assert whole.shape == (*LEMUR.shape[:2], 4)
    page.get_by_label("WebP").check()
    webp = downloaded(page, "take-cutout", lambda picture: picture.format == "WEBP")
    assert np.array_equal(np.asarray(webp), whole)
    page.get_by_label("Crop to the object").check()
    cropped = np.asarray(downloaded(page, "download-cutout", lambda picture: picture.size != webp.size))
    assert np.array_equal(cropped, crop_to_object(whole, 5))
    expect(page.locator("#margin")).to_be_visible()
    page.locator("#copy-cutout").click()
    expect(page.locator("#copy-cutout")).to_have_text("Copied")
    width, height, *corner = page.evaluate(COPIED)
    assert (height, width) == cropped.shape[:2]
    assert corner[3] == cropped[0, 0, 3]
    page.get_by_label("JPEG, on white").check()
    jpeg = downloaded(page, "download-cutout", lambda picture: picture.format == "JPEG")
    assert jpeg.size == (width, height)

    open_accordion(page, "calls")
    for title, words in (("Python", "gradio_client"), ("JavaScript", "await fetch"), ("curl", "curl -s")):
        page.locator("#calls").get_by_role("tab", name=title).click()
        expect(page.locator("#calls")).to_contain_text(words)
        expect(page.locator("#calls")).to_contain_text(page.url.rstrip("/"))


def test_two_objects_are_taken_home_each_alone_or_the_largest_only(open_page):
    page = open_page(**PHONE)
    choose_photo(page, automatic=True)
    page.locator("#accept").click()
    say(page, "live", "Your cutout")
    page.locator("#download-objects").wait_for()
    whole = np.asarray(download(page, "download-cutout"))
    expect(page.locator("#download-objects")).to_have_text("2 objects, each alone (ZIP)")
    with page.expect_download() as coming:
        page.locator("#download-objects").click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        first, second = (np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in archive.namelist())
    assert np.array_equal(first[..., 3] + second[..., 3], whole[..., 3])
    red, blue = (230, 599), (300, 200)
    assert (first[red][3], first[blue][3], second[red][3], second[blue][3]) == (255, 0, 0, 255)
    page.locator("#largest").click()
    expect(page.locator("#largest")).to_be_hidden(timeout=120_000)
    left = downloaded(page, "download-cutout", lambda picture: picture.getpixel(blue[::-1])[3] == 0)
    assert np.asarray(left)[red][3] == 255
    assert_no_sideways_scroll(page)


def test_the_foot_of_the_page_leads_to_the_description_of_the_api(browser: Browser, server):
    page = browser.new_page()
    page.goto(server)
    page.locator("footer").get_by_role("button", name="Use via API").click()
    expect(page.locator(".api-docs")).to_contain_text("/matte")
    expect(page.locator(".api-docs")).to_contain_text("Returns alpha (16-bit PNG)")
    page.close()
