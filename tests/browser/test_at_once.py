"""An answer at once: what stands out is proposed, and a click is followed by its cutout without another button."""

from __future__ import annotations

import numpy as np
from driving import (
    PARROTS,
    PHONE,
    SIZE,
    assert_no_sideways_scroll,
    choose_photo,
    click_photo,
    download,
    downloaded,
    picture_of,
    say,
    shown_anew,
    upload,
)
from PIL import Image
from playwright.sync_api import Page, expect

ON_THE_RED_PARROT = (0.78, 0.45)
AT_REST = "() => new Promise((done) => { const at = scrollY; setTimeout(() => done(scrollY === at), 300); })"


def assert_a_cutout_comes_home(page: Page) -> None:
    cutout = download(page, "take-cutout")
    assert (cutout.mode, cutout.size) == ("RGBA", SIZE)
    opacity = np.asarray(cutout)[:, :, 3]
    assert opacity[round(0.45 * SIZE[1]), round(0.78 * SIZE[0])] == 255
    assert opacity[5, 5] == 0


def test_what_stands_out_is_proposed_and_enter_cuts_it_out(open_page):
    page = open_page()
    choose_photo(page, automatic=True)
    photo = np.asarray(Image.open(PARROTS).convert("RGB")).astype(int)
    outlined = picture_of(page, "#photo img").astype(int)
    assert np.abs(outlined - photo)[:100, :300].mean() < 4  # nothing is shaded
    assert np.abs(outlined - photo).max() > 100  # but there is an outline
    expect(page.locator("#live-cutout img")).to_be_visible()
    expect(page.locator("#take-cutout")).to_be_hidden()
    page.keyboard.press("Enter")
    say(page, "live", "Your cutout")
    expect(page.locator("#accept")).to_be_hidden()
    assert_a_cutout_comes_home(page)


def test_one_click_is_enough_for_a_cutout_on_a_phone(open_page):
    page = open_page(**PHONE)
    choose_photo(page, automatic=True)
    click_photo(page, *ON_THE_RED_PARROT)
    page.wait_for_function(AT_REST)
    page.mouse.move(200, 5)
    page.mouse.down()  # as a finger that draws or holds something: nothing may move under it
    where = page.evaluate("scrollY")
    say(page, "live", "finding its edges")
    first = picture_of(page, "#live-cutout img")
    assert first.shape[1::-1] == SIZE
    expect(page.locator("#take-cutout")).to_be_hidden()
    say(page, "live", "hair by hair")
    say(page, "live", "Your cutout")
    assert page.evaluate("scrollY") == where
    page.mouse.up()
    for shown in ("#take-cutout", "#live-cutout img", "#photo .image-frame img"):
        expect(page.locator(shown)).to_be_in_viewport(ratio=1)
    assert_no_sideways_scroll(page)
    assert_a_cutout_comes_home(page)
    say(page, "edges", "Yellow is unsure")
    say(page, "result", "Drag the handle")


def test_a_second_click_takes_over_from_the_first_ones_cutout(open_page):
    page = open_page()
    choose_photo(page, automatic=True)
    click_photo(page, *ON_THE_RED_PARROT)
    say(page, "live", "hair by hair")
    page.get_by_label("− Drop").check()
    click_photo(page, 0.3, 0.6)
    say(page, "live", "Your cutout")  # the first one's, if that was quicker than the click
    x, y = round(0.3 * SIZE[0]), round(0.6 * SIZE[1])
    cutout = downloaded(page, "take-cutout", lambda cutout: cutout.getpixel((x, y))[3] == 0)
    assert cutout.getpixel((round(0.78 * SIZE[0]), round(0.45 * SIZE[1])))[3] == 255


def test_with_the_switch_off_nothing_follows_by_itself(open_page):
    page = open_page()
    choose_photo(page)
    click_photo(page, *ON_THE_RED_PARROT)
    say(page, "pick", "If this is right")
    say(page, "live", "A first look at your cutout")
    expect(page.locator("#trimap-editor")).to_be_hidden()
    page.get_by_label("Cut out by itself").check()
    say(page, "live", "Your cutout")
    assert_a_cutout_comes_home(page)


def test_where_nothing_is_selected_there_is_nothing_to_cut_out(open_page, tmp_path):
    Image.new("L", SIZE).save(tmp_path / "empty.png")
    page = open_page()
    choose_photo(page, automatic=True)
    with shown_anew(page):
        upload(page, "own-mask", tmp_path / "empty.png")
    say(page, "pick", "Nothing is selected")
    expect(page.get_by_role("button", name="Find the edges")).to_be_disabled()
    expect(page.locator("#live-cutout")).to_be_hidden()
    upload(page, "own-matte", tmp_path / "empty.png")
    expect(page.locator(".toast-wrap")).to_contain_text("Nothing would be left")
    for button in ("#take-cutout", "#download-cutout"):
        expect(page.locator(button)).to_be_hidden()
