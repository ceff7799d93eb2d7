"""Drags in the browser: how one is followed over a picture, and that no picture is dragged away or dropped by mistake.

A browser drags pictures by itself, and Gradio takes such a drop as a request to empty the photo.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from matting.coarse import Box

FOLLOW_DRAGS = """
const share = (at, from, length) => Math.min(Math.max((at - from) / length, 0), 1);
// Where a picture is on the screen, without the margins that its element may leave beside it.
const shownAt = (image) => {
  const seen = image.getBoundingClientRect();
  const zoom = seen.width / image.offsetWidth;  // a picture that is not enlarged may be zoomed in all the same
  const least = getComputedStyle(image).objectFit === "scale-down" ? zoom : Infinity;
  const scale = Math.min(seen.width / image.naturalWidth, seen.height / image.naturalHeight, least);
  const width = image.naturalWidth * scale, height = image.naturalHeight * scale;
  return { left: seen.left + (seen.width - width) / 2, top: seen.top + (seen.height - height) / 2, width, height };
};
// Follow every drag that begins on the picture which `pictureAt` finds, framed within `host` where `framed` says so (it
// is told whether that is a finger), and tell `released` its corners as shares of the picture's width and height, and
// how many pixels it moved. `passed` is told every point on the way, those beside the picture too, and `dropped` that a
// drag came to nothing.
const followDrags = ({ pictureAt, host, framed = () => false, passed, dropped, released }) => {
  let drag = null;
  const place = (event) => {
    const seen = shownAt(drag.image);
    return [share(event.clientX, seen.left, seen.width), share(event.clientY, seen.top, seen.height)];
  };
  const pass = (event) => {
    const seen = shownAt(drag.image), every = event.getCoalescedEvents?.() ?? [];
    for (const { clientX, clientY } of every.length ? every : [event]) {
      passed([(clientX - seen.left) / seen.width, (clientY - seen.top) / seen.height]);
    }
  };
  const corners = (end) => [0, 1].map((i) => Math.min(drag.start[i], end[i])).concat(
    [0, 1].map((i) => Math.max(drag.start[i], end[i])));
  const stop = () => { drag?.patch.remove(); drag = null; };
  const giveUp = () => { if (drag) dropped?.(); stop(); };
  const ours = (event) => drag && event.pointerId === drag.pointer;
  document.addEventListener("pointerdown", (event) => {
    const image = event.isPrimary && event.button === 0 && pictureAt(event.target);
    giveUp();
    if (!image) return;
    const patch = Object.assign(document.createElement("div"), { className: "patch" });
    drag = { image, patch, pointer: event.pointerId };
    drag.start = place(event);
    if (passed) pass(event);
  }, true);
  document.addEventListener("pointermove", (event) => {
    if (!ours(event)) return;
    if (!event.buttons) return giveUp();  // released where the page could not see it
    if (passed) pass(event);
    if (!framed(event.pointerType === "touch")) return;
    const frame = drag.image.closest(host), outer = frame.getBoundingClientRect(), seen = shownAt(drag.image);
    const [left, top, right, bottom] = corners(place(event));
    Object.assign(drag.patch.style, {
      left: `${seen.left - outer.left - frame.clientLeft + left * seen.width}px`,
      top: `${seen.top - outer.top - frame.clientTop + top * seen.height}px`,
      width: `${(right - left) * seen.width}px`, height: `${(bottom - top) * seen.height}px` });
    frame.append(drag.patch);
  }, true);
  document.addEventListener("pointerup", (event) => {
    if (!ours(event)) return;
    const seen = shownAt(drag.image), end = place(event), box = corners(end);
    stop();
    const moved = Math.max((box[2] - box[0]) * seen.width, (box[3] - box[1]) * seen.height);
    released({ box, end, moved, touched: event.pointerType === "touch" });
  }, true);
  document.addEventListener("pointercancel", (event) => { if (ours(event)) giveUp(); }, true);
};
"""
"""The JavaScript function that tells drags over a picture, by mouse, pen or finger, wherever they end."""

MOVE_POINTS = Path(__file__).with_name("points.js").read_text(encoding="utf-8")
"""The JavaScript function with which arrow keys move a point over a picture."""

KEEP_PICTURES = """
const within = (event, selector) => event.target.closest?.(selector);
const bringsFiles = (event) => event.dataTransfer.types.includes("Files");
const onPhoto = (event) => within(event, "#photo")?.querySelector(".image-frame img");
const photoIsWanted = () => document.querySelector("#stage-pick")?.offsetParent;
const takePhoto = (file) => {
  const input = document.querySelector("#own-photo")?.parentElement.querySelector("input[type=file]")
    ?? document.querySelector("#photo input[type=file]");
  const only = new DataTransfer();
  only.items.add(file);
  input.files = only.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
};
const stopHere = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };
window.addEventListener("dragstart", (event) => {
  if (within(event, "img, a:has(img)")) event.preventDefault();
}, true);
for (const over of ["dragenter", "dragover"]) window.addEventListener(over, (event) => {
  if (within(event, "input, textarea, [contenteditable]")) return;
  if (bringsFiles(event) && !onPhoto(event)) return;
  stopHere(event);
  event.dataTransfer.dropEffect = bringsFiles(event) ? "copy" : "none";
}, true);
window.addEventListener("drop", (event) => {
  const { files } = event.dataTransfer;
  if (within(event, "input, textarea, [contenteditable]") || (files.length && !onPhoto(event))) return;
  stopHere(event);
  if (!files.length) return;
  // Gradio would empty the photo before it looks at the file; this way, a file that is refused changes nothing.
  takePhoto(files[0]);
}, true);
// A file that misses what it was meant for would be opened by the browser in place of the page.
for (const over of ["dragover", "drop"]) window.addEventListener(over, (event) => {
  if (event.defaultPrevented || !bringsFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = photoIsWanted() ? "copy" : "none";
  if (over === "drop" && photoIsWanted()) takePhoto(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  const picture = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
  if (!picture || !photoIsWanted() || within(event, "input, textarea, [contenteditable]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  takePhoto(picture);
}, true);
"""
"""JavaScript that lets pictures be neither dragged nor dropped, and takes one dropped anywhere or pasted."""


def read_corners(shares: Any, size: tuple[int, int]) -> Box:
    """Turn two corners, as shares of width and height, into the least box of whole pixels around them.

    `size` is the photo's (height, width). The box is (left, top, right, bottom) in its pixels, at least one wide and
    high.

    Raises:
        ValueError: where they are no such corners.
    """
    if not isinstance(shares, list) or len(shares) != 4 or not all(map(_is_share, shares)):
        raise ValueError("A patch is two corners within the photo; click on it or drag over it again.")
    height, width = size
    left, top = min(int(shares[0] * width), width - 1), min(int(shares[1] * height), height - 1)
    right, bottom = math.ceil(shares[2] * width), math.ceil(shares[3] * height)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
