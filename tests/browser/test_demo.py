"""The demo as a newcomer meets it: a real server, a real browser, and the files that come out, decoded."""

from __future__ import annotations

import io

import numpy as np
import pytest
from driving import (
    LAKE,
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
    open_accordion,
    paint_across_the_middle,
    say,
    shown_anew,
    upload,
    wait_for_editor,
    where_the_photo_is,
)
from PIL import Image
from playwright.sync_api import expect

from matting.app.result.backgrounds import place

pytestmark = pytest.mark.long


def test_from_upload_and_clicks_to_a_cutout_with_a_painted_stroke(open_page):
    page = open_page()
    choose_photo(page)
    click_photo(page, 0.78, 0.45)
    say(page, "pick", "If this is right")
    page.get_by_label("− Drop").check()
    click_photo(page, 0.55, 0.12)
    say(page, "pick", "If this is right")

    page.get_by_role("button", name="Find the edges").click()
    wait_for_editor(page)
    choose_brush(page, "Drop")
    paint_across_the_middle(page)
    cut_out(page)

    trimap = np.asarray(download(page, "download-trimap"))
    assert trimap.shape == SIZE[::-1]
    assert set(np.unique(trimap)) <= {0, 128, 255}
    assert trimap[SIZE[1] // 2, SIZE[0] // 2] == 0

    cutout = download(page, "download-cutout")
    assert (cutout.mode, cutout.size) == ("RGBA", SIZE)
    opacity = np.asarray(cutout)[:, :, 3]
    assert (opacity[trimap == 0] == 0).all()
    assert (opacity[trimap == 255] == 255).all()

    alpha = np.asarray(download(page, "download-alpha"))
    assert alpha.dtype == np.uint16
    assert np.abs(alpha / 257 - opacity).max() < 0.51  # in steps of 1/255; each was rounded by itself

    for shown in page.locator("#before-after img").all():
        picture = Image.open(io.BytesIO(page.request.get(shown.get_attribute("src")).body()))
        assert picture.size == SIZE


def test_a_stroke_on_a_phone_changes_its_own_pixels_to_its_own_value_alone(open_page, tmp_path):
    known = np.full(SIZE[::-1], 255, np.uint8)
    known[:, :100], known[:, 100:140] = 0, 128
    Image.fromarray(known).save(tmp_path / "trimap.png")

    page = open_page(**PHONE)
    assert_no_sideways_scroll(page)
    begin_with_trimap(page, tmp_path / "trimap.png")
    wait_for_editor(page)
    assert_no_sideways_scroll(page)

    choose_brush(page, "Unsure")
    paint_across_the_middle(page)
    with page.expect_response(lambda response: "trimap.png" in response.url):
        page.get_by_role("button", name="Apply strokes").click()
    cut_out(page)
    assert_no_sideways_scroll(page)

    trimap = np.asarray(download(page, "download-trimap"))
    rows, columns = np.nonzero(trimap != known)
    assert (trimap[rows, columns] == 128).all()
    assert len(rows) > 400
    assert abs(rows.mean() - SIZE[1] / 2) < 12
    assert abs(columns.mean() - SIZE[0] / 2) < 12
    assert np.ptp(rows) < 200
    assert np.ptp(columns) < 300


def test_a_bad_upload_is_one_friendly_sentence_and_the_photo_stays(open_page, tmp_path):
    (tmp_path / "holiday.png").write_text("this is no picture")
    page = open_page()
    choose_photo(page)
    click_photo(page, 0.78, 0.45)
    say(page, "pick", "If this is right")
    shown = page.locator("#photo img").get_attribute("src")

    upload(page, "own-mask", tmp_path / "holiday.png")
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text("holiday.png is not a picture")
    expect(toast).not_to_contain_text("Traceback")
    assert page.locator("#photo img").get_attribute("src") == shown
    say(page, "pick", "If this is right")


def test_a_bad_photo_is_refused_and_a_good_one_is_welcome_afterwards(open_page, tmp_path):
    (tmp_path / "holiday.png").write_text("this is no picture")
    page = open_page()
    page.locator("#photo input[type=file]").set_input_files(tmp_path / "holiday.png")
    expect(page.get_by_test_id("toast-body")).to_contain_text("holiday.png is not a picture")
    page.locator("#photo input[type=file]").wait_for(state="attached")
    choose_photo(page)


def test_two_corners_make_a_box_and_undo_takes_them_back(open_page):
    page = open_page()
    page.locator("#examples").get_by_role("button").first.click()
    say(page, "pick", "already cut out")
    say(page, "result", "Drag the handle")
    page.get_by_label("Box").check()
    click_photo(page, 0.3, 0.1)
    say(page, "pick", "opposite corner")
    click_photo(page, 0.8, 0.95)
    say(page, "pick", "If this is right")
    page.locator("#undo-click").click()
    say(page, "pick", "opposite corner")
    page.locator("#clear-clicks").click()
    say(page, "pick", "Outlined is what stands out")


def test_no_click_is_dropped_however_fast_they_come(open_page):
    page = open_page()
    choose_photo(page)
    left, top, width, height = where_the_photo_is(page)
    with shown_anew(page):
        for share in (0.2, 0.3, 0.4, 0.5):
            page.mouse.click(left + share * width, top + 0.8 * height)
    for _ in range(4):
        say(page, "pick", "If this is right")
        with shown_anew(page):
            page.locator("#undo-click").click()
    say(page, "pick", "Click on what you want to keep")


@pytest.mark.parametrize(
    ("button", "said"),
    [("Use what I painted", "This is your own mask"), ("Find what I scribbled on", "If this is right")],
)
def test_what_is_painted_becomes_the_selection_or_says_what_to_find(open_page, button, said):
    page = open_page()
    choose_photo(page)
    open_accordion(page, "more-ways")
    page.get_by_label("Painting").check()
    wait_for_editor(page, "mask-editor")
    expect(page.locator("#photo")).to_be_hidden()
    paint_across_the_middle(page, "mask-editor")
    page.get_by_role("button", name=button).click()
    say(page, "pick", said)
    expect(page.locator("#mask-editor")).to_be_hidden()
    expect(page.locator("#photo img")).to_be_visible()
    expect(page.get_by_role("button", name="Find the edges")).to_be_enabled()


def test_a_new_background_can_be_taken_home(open_page, tmp_path):
    known = np.full(SIZE[::-1], 255, np.uint8)
    known[:, :300] = 0
    Image.fromarray(known).save(tmp_path / "trimap.png")
    page = open_page()
    begin_with_trimap(page, tmp_path / "trimap.png", "Nothing is unsure")
    cut_out(page)
    page.locator("#background").get_by_label("Colour").check()
    page.locator("#download-composite").wait_for()
    composite = np.asarray(download(page, "download-composite"))
    assert composite.shape == (*SIZE[::-1], 3)
    assert (composite[:, :290] == composite[0, 0]).all()
    assert np.array_equal(composite[:, 310:], np.asarray(Image.open(PARROTS).convert("RGB"))[:, 310:])
    page.locator("#background").get_by_label("Picture", exact=True).check()
    page.locator("#backdrops").get_by_alt_text("Lake").click()
    expect(page.locator("#picture img")).to_be_visible()
    on_the_lake = np.asarray(download(page, "download-composite"))
    assert np.array_equal(on_the_lake[:, 310:], composite[:, 310:])
    lake = place(np.asarray(Image.open(LAKE).convert("RGB")), SIZE[::-1], 100, 50, 50)
    assert np.abs(on_the_lake[:, :290].astype(int) - lake[:, :290]).max() <= 1


def test_a_program_gets_alpha_cutout_and_trimap_from_the_endpoint(server):
    from gradio_client import Client, handle_file
    from gradio_client.exceptions import AppError

    client = Client(server, verbose=False)
    points = [[600, 230, 1], [420, 60, 0]]
    *files, notices = client.predict(photo=handle_file(PARROTS), points=points, api_name="/matte")
    assert notices == []
    alpha, cutout, trimap = map(Image.open, files)
    assert alpha.size == cutout.size == trimap.size == SIZE
    assert np.asarray(alpha).dtype == np.uint16
    assert cutout.mode == "RGBA"
    assert set(np.unique(np.asarray(trimap))) <= {0, 128, 255}
    with pytest.raises(AppError, match="Say what to keep"):
        client.predict(photo=handle_file(PARROTS), api_name="/matte")
    with pytest.raises(AppError, match="outside the photo"):
        client.predict(photo=handle_file(PARROTS), points=[[9000, 5, 1]], api_name="/matte")
