"""Dragging loses nothing: no picture can be carried off, a box is drawn, and what was left can be brought back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from driving import (
    ASSETS,
    PHONE,
    SIZE,
    assert_no_sideways_scroll,
    begin_with_trimap,
    choose_brush,
    choose_photo,
    click_photo,
    cut_out,
    download,
    drag,
    known_trimap,
    middle_of,
    open_accordion,
    paint_across_the_middle,
    picture_of,
    say,
    shown_anew,
    upload,
    wait_for_editor,
    where_the_photo_is,
)
from playwright.sync_api import Page, Request, expect

pytestmark = pytest.mark.long

LEMUR = ASSETS / "examples" / "lemur.jpg"
TALL = {"viewport": {"width": 1280, "height": 3600}}
"""So tall a window that every picture can be dragged onto the photo."""
ON_THE_PHOTO = "#photo .image-frame img"
DROP = """(photo, names) => {
    const dataTransfer = new DataTransfer();
    for (const [name, text] of names) dataTransfer.items.add(new File([text], name, { type: "image/png" }));
    for (const kind of ["dragenter", "dragover", "drop"])
        photo.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
}"""


def open_example(page: Page, number: int = 0) -> None:
    page.locator("#examples").get_by_role("button").nth(number).click()
    say(page, "result", "Drag the handle")
    page.get_by_label("Cut out by itself").uncheck()


def assert_everything_is_there(page: Page, cutout: np.ndarray) -> None:
    assert page.locator(ON_THE_PHOTO).count() == 1
    expect(page.locator("#bring-back")).to_be_hidden()
    assert np.array_equal(np.asarray(download(page, "download-cutout")), cutout)


def test_a_drag_loses_nothing_in_any_mode_and_over_any_picture(open_page):
    page = open_page(**TALL)
    open_example(page)
    cutout = np.asarray(download(page, "download-cutout"))
    for mode in ("keep", "remove", "corner"):
        page.locator(f"#click-kind input[value={mode}]").check()
        for length in (3, 100):
            x, y = middle_of(page, ON_THE_PHOTO)
            drag(page, (x, y), (x + length, y + length))
            assert_everything_is_there(page, cutout)
    open_accordion(page, "fringe")
    expect(page.locator("#fringe-views img")).to_have_count(4)
    open_accordion(page, "looking")
    page.locator("#asked-photo img").wait_for()
    for picture in ("#before-after img", "#alpha img", "#asked-photo img", "#fringe-views img"):
        x, y = middle_of(page, picture)
        drag(page, (x, y), (x + 20, y + 5))
        drag(page, middle_of(page, picture), middle_of(page, ON_THE_PHOTO))
        assert_everything_is_there(page, cutout)
    # Within one of these a press and a release are a click, however shaky.
    for picture in ("#examples img", "#strip a.frame img"):
        drag(page, middle_of(page, picture), middle_of(page, ON_THE_PHOTO))
        assert_everything_is_there(page, cutout)
    open_accordion(page, "more-ways")
    page.get_by_label("Painting").check()
    wait_for_editor(page, "mask-editor")
    for length in (3, 100):
        x, y = middle_of(page, "#mask-editor canvas")
        drag(page, (x, y), (x + length, y + length))
        assert_everything_is_there(page, cutout)


def test_a_shaky_click_is_a_click(open_page):
    page = open_page()
    choose_photo(page)
    left, top, width, height = where_the_photo_is(page)
    x, y = left + 0.78 * width, top + 0.45 * height
    with shown_anew(page):
        drag(page, (x, y), (x + 3, y + 2))
    say(page, "pick", "If this is right")
    page.locator("#undo-click").click()
    say(page, "pick", "Click on what you want to keep")


def box_of(request: Request) -> list[float] | None:
    """Return the corners that a request to the server carries."""
    event = json.loads(request.post_data or "{}").get("event_data") if "queue/join" in request.url else None
    return event.get("box") if event else None


@pytest.mark.parametrize("mode", ["keep", "corner"])
def test_a_drag_draws_a_box_in_any_mode_even_when_it_ends_beside_the_photo(open_page, mode):
    page = open_page()
    choose_photo(page)
    page.locator(f"#click-kind input[value={mode}]").check()
    left, top, width, height = where_the_photo_is(page)
    page.mouse.move(left + 0.98 * width, top + 0.2 * height)
    page.mouse.down()
    page.mouse.move(left + 0.7 * width, top + 0.5 * height, steps=4)
    frame = page.locator("#photo .patch").bounding_box()
    assert np.allclose([frame["x"], frame["y"]], [left + 0.7 * width, top + 0.2 * height], atol=3)
    assert np.allclose([frame["width"], frame["height"]], [0.28 * width, 0.3 * height], atol=6)
    page.mouse.move(5, top + 0.9 * height, steps=4)
    with page.expect_request(lambda request: box_of(request) is not None) as asked, shown_anew(page):
        page.mouse.up()
    assert np.allclose(box_of(asked.value), [0, 0.2, 0.98, 0.9], atol=0.01)
    expect(page.locator("#photo .patch")).to_have_count(0)
    say(page, "pick", "If this is right")
    column = picture_of(page, ON_THE_PHOTO)[round(0.5 * SIZE[1]), round(0.98 * SIZE[0]) - 6 : round(0.98 * SIZE[0]) + 6]
    assert column.min(axis=1).max() > 200  # the white line of the box's right side
    page.locator("#undo-click").click()
    say(page, "pick", "Outlined is what stands out")
    page.locator("#redo-click").click()
    say(page, "pick", "If this is right")


def test_a_finger_draws_a_box_and_the_page_stands_still(open_page):
    page = open_page(**PHONE)
    choose_photo(page)
    page.get_by_label("Box").check()
    left, top, width, height = where_the_photo_is(page)
    scrolled, fingers = page.evaluate("scrollY"), page.context.new_cdp_session(page)

    def touch(kind: str, *at: float) -> None:
        points = [{"x": left + at[0] * width, "y": top + at[1] * height}] if at else []
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.5, 0.1)
    for share in (0.3, 0.5, 0.7, 0.9):
        touch("touchMove", 0.5 + share / 2, share)
    expect(page.locator("#photo .patch")).to_be_visible()
    assert page.evaluate("scrollY") == scrolled
    with page.expect_request(lambda request: box_of(request) is not None) as asked:
        touch("touchEnd")
    assert np.allclose(box_of(asked.value), [0.5, 0.1, 0.95, 0.9], atol=0.02)
    say(page, "pick", "If this is right")


def test_a_drop_without_files_changes_nothing_and_neither_does_a_file_that_is_refused(open_page):
    page = open_page()
    open_example(page)
    cutout = np.asarray(download(page, "download-cutout"))
    photo = page.locator(ON_THE_PHOTO)
    photo.evaluate(DROP, [])
    assert_everything_is_there(page, cutout)
    photo.evaluate(DROP, [["holiday.png", "this is no picture"]])
    expect(page.get_by_test_id("toast-body")).to_contain_text("holiday.png is not a picture", timeout=60_000)
    assert_everything_is_there(page, cutout)


LONG = [pytest.param(by, marks=pytest.mark.trust) for by in ("second photo", "example")]


@pytest.mark.parametrize("by", ["cross", "drop", *LONG])
def test_a_photo_that_was_left_comes_back_with_all_that_was_made_of_it(open_page, tmp_path, by):
    page, known = open_page(**PHONE if by == "cross" else {}), known_trimap(tmp_path)
    begin_with_trimap(page, tmp_path / "trimap.png")
    click_photo(page, 0.78, 0.45)
    say(page, "pick", "If this is right")
    cut_out(page)
    shown = picture_of(page, ON_THE_PHOTO)
    alpha = np.asarray(download(page, "download-alpha"))
    cutout = np.asarray(download(page, "download-cutout"))
    expect(page.locator("#bring-back")).to_be_hidden()

    if by == "cross":
        page.locator("#photo").get_by_label("Remove image").click()
        say(page, "pick", "Choose a photo")
    elif by == "second photo":
        upload(page, "own-photo", LEMUR)
        say(page, "pick", "Click on what you want to keep")
    elif by == "drop":
        page.evaluate(
            """async ([selector, bytes]) => {
                const dataTransfer = new DataTransfer();
                dataTransfer.items.add(new File([new Uint8Array(bytes)], "lemur.jpg", { type: "image/jpeg" }));
                document.querySelector(selector).dispatchEvent(
                    new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
            }""",
            [ON_THE_PHOTO, list(LEMUR.read_bytes())],
        )
        say(page, "pick", "Click on what you want to keep")
    else:
        open_example(page)
    expect(page.locator("#bring-back")).to_be_visible()
    assert_no_sideways_scroll(page)
    assert page.locator("#say-pick").bounding_box()["width"] > 250  # the button leaves the sentence its room

    page.locator("#bring-back").click()
    say(page, "pick", "If this is right")
    say(page, "edges", "Yellow is unsure")
    say(page, "result", "Drag the handle")
    wait_for_editor(page)
    assert np.array_equal(picture_of(page, ON_THE_PHOTO), shown)
    assert np.array_equal(np.asarray(download(page, "download-trimap")), known)
    assert np.array_equal(np.asarray(download(page, "download-alpha")), alpha)
    assert np.array_equal(np.asarray(download(page, "download-cutout")), cutout)
    page.locator("#undo-click").click()
    say(page, "pick", "Click on what you want to keep")


def test_what_was_painted_but_not_applied_comes_back_too(open_page, tmp_path):
    page, known = open_page(), known_trimap(tmp_path)
    begin_with_trimap(page, tmp_path / "trimap.png")
    wait_for_editor(page)
    choose_brush(page, "Drop")
    with page.expect_request("**/queue/join*"):  # the stroke is on its way
        paint_across_the_middle(page)
    upload(page, "own-photo", LEMUR)
    say(page, "edges", "Pick something above")
    page.locator("#bring-back").click()
    say(page, "edges", "Yellow is unsure")
    cut_out(page)
    trimap = np.asarray(download(page, "download-trimap"))
    assert trimap[SIZE[1] // 2, SIZE[0] // 2] == 0 != known[SIZE[1] // 2, SIZE[0] // 2]


def test_two_fingers_and_the_wheel_zoom_and_clicks_and_boxes_hit_what_is_shown(open_page):
    page = open_page(**PHONE)
    choose_photo(page)
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    left, top, width, height = where_the_photo_is(page)
    x, y = left + 0.78 * width, top + 0.45 * height
    touch("touchStart", (x - 10, y), (x + 10, y))
    for apart in (15, 22, 30):
        touch("touchMove", (x - apart, y), (x + apart, y))
    touch("touchEnd")
    assert page.evaluate("visualViewport.scale") == 1  # the page itself stays as it is
    zoomed = where_the_photo_is(page)
    assert 2.5 < zoomed[2] / width < 3.5
    assert np.allclose([zoomed[0] + 0.78 * zoomed[2], zoomed[1] + 0.45 * zoomed[3]], [x, y], atol=4)

    touch("touchStart", (x, y))
    for moved in (10, 40):
        touch("touchMove", (x - moved, y))
    touch("touchEnd")
    panned = where_the_photo_is(page)
    assert panned[0] < zoomed[0] - 20
    with shown_anew(page):
        page.touchscreen.tap(x, y)
    say(page, "pick", "If this is right")
    seen = picture_of(page, "#photo img").astype(int)
    rows, columns = np.nonzero(seen[..., 1] - seen[..., 0] > 100)  # the green disc of what is kept
    assert abs(columns.mean() / seen.shape[1] - (x - panned[0]) / panned[2]) < 0.01
    assert abs(rows.mean() / seen.shape[0] - (y - panned[1]) / panned[3]) < 0.01

    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    wider = "before => document.querySelector('#photo img').getBoundingClientRect().width > before"
    page.wait_for_function(wider, arg=panned[2])
    left, top, width, height = where_the_photo_is(page)
    with page.expect_request(lambda request: box_of(request) is not None) as drawn:
        drag(page, (x - 60, y - 30), (x + 20, y + 30))
    expected = [(x - 60 - left) / width, (y - 30 - top) / height, (x + 20 - left) / width, (y + 30 - top) / height]
    assert np.allclose(box_of(drawn.value), expected, atol=0.004)
    page.get_by_role("button", name="Show the whole photo").click()
    assert where_the_photo_is(page)[2] < 300
