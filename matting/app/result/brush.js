// Keep or erase on the cutout itself. What is painted shows at once, on a sheet over the picture: kept is the photo,
// erased the checkerboard. Each stroke has a number; the server's pictures are named after the last one that they hold.
const chosenBrush = () => {
  const kind = document.querySelector("#brush-kind input:checked");
  return kind?.offsetParent && kind.value !== "off" ? kind.value : null;
};
const cutoutImage = () => document.querySelector("#live-cutout .image-frame img");
const brushWidth = () => Number(document.querySelector("#brush-width input[type=range]")?.value ?? 5) / 100;
const sheet = Object.assign(document.createElement("canvas"), { className: "sheet" });
const ring = Object.assign(document.createElement("div"), { className: "ring" });
const original = new Image();
let strokes = [], stroke = null, ringAt = null;

const patternOf = (ink, kind) => {
  const tile = document.createElement("canvas"), size = kind === "keep" ? sheet : { width: 2 * TILE, height: 2 * TILE };
  [tile.width, tile.height] = [size.width, size.height];
  const paint = tile.getContext("2d");
  if (kind === "keep") {
    paint.drawImage(original, 0, 0, tile.width, tile.height);
  } else {
    paint.fillStyle = "rgb(255 255 255)";
    paint.fillRect(0, 0, 2 * TILE, 2 * TILE);
    paint.fillStyle = "rgb(204 204 204)";
    for (const at of [0, TILE]) paint.fillRect(TILE - at, at, TILE, TILE);
  }
  return ink.createPattern(tile, "repeat");
};
const drawStrokes = () => {
  const image = cutoutImage(), all = stroke ? [...strokes, stroke] : strokes;
  if (!image?.naturalWidth || !all.length) return sheet.remove();
  [sheet.width, sheet.height] = [image.naturalWidth, image.naturalHeight];
  const ink = sheet.getContext("2d"), seen = shownAt(image);
  const frame = image.closest(".image-frame"), outer = frame.getBoundingClientRect();
  Object.assign(ink, { lineCap: "round", lineJoin: "round" });
  for (const { kind, width, points } of all) {
    ink.strokeStyle = patternOf(ink, kind);
    ink.lineWidth = width * Math.max(sheet.width, sheet.height);
    ink.beginPath();
    for (const [x, y] of points) ink.lineTo(x * sheet.width, y * sheet.height);
    ink.lineTo(points.at(-1)[0] * sheet.width + 0.01, points.at(-1)[1] * sheet.height);  // a point alone is a dot
    ink.stroke();
  }
  Object.assign(sheet.style, { left: `${seen.left - outer.left}px`, top: `${seen.top - outer.top}px`,
    width: `${seen.width}px`, height: `${seen.height}px` });
  if (sheet.parentElement !== frame) frame.append(sheet);
};
const showRing = () => {
  const image = cutoutImage(), shown = image && ringAt && chosenBrush();
  if (!shown) return ring.remove();
  const frame = image.closest(".image-frame"), outer = frame.getBoundingClientRect(), seen = shownAt(image);
  const width = brushWidth() * Math.max(seen.width, seen.height);
  Object.assign(ring.style, { width: `${width}px`, height: `${width}px`,
    left: `${seen.left - outer.left + ringAt[0] * seen.width - width / 2}px`,
    top: `${seen.top - outer.top + ringAt[1] * seen.height - width / 2}px` });
  if (ring.parentElement !== frame) frame.append(ring);
};
const finish = () => {
  if (!stroke) return;
  const done = stroke;
  strokes.push(done);
  stroke = null;
  trigger("select", { stroke: done });
};
const beginStroke = () => ({ kind: chosenBrush(), width: brushWidth(), number: Date.now(), points: [] });
followDrags({
  pictureAt: (target) => chosenBrush() && target.closest?.("#live-cutout .image-frame img"),
  host: "#live-cutout",
  passed: (point) => {
    stroke ??= beginStroke();
    const rounded = point.map((at) => Math.round(at * 1e4) / 1e4), last = stroke.points.at(-1);
    if (last?.every((at, axis) => at === rounded[axis])) return;
    stroke.points.push(rounded);
    ringAt = point;
    drawStrokes();
    showRing();
  },
  dropped: () => { stroke = null; drawStrokes(); },
  released: finish,
});

// The photo is fetched when a brush is chosen, so that the first stroke can show it.
const brushIsChosen = () => {
  const photo = document.querySelector("#before-after img[data-testid=imageslider-image]")?.src;
  if (photo && original.src !== photo) original.src = photo;
  nameCutout();
};
document.addEventListener("change", (event) => {
  if (event.target.closest?.("#brush-kind")) requestAnimationFrame(brushIsChosen);
});
original.addEventListener("load", drawStrokes);
// A new picture holds the strokes up to the one that it is named after, or has nothing to do with any.
document.addEventListener("load", (event) => {
  if (event.target !== cutoutImage()) return;
  const held = event.target.src.match(/brushed-([0-9]+)/);
  strokes = strokes.filter(({ number }) => held && number > Number(held[1]));
  drawStrokes();
}, true);
document.addEventListener("pointermove", (event) => {
  const image = event.pointerType !== "touch" && event.target.closest?.("#live-cutout .image-frame img");
  if (!image || !chosenBrush()) {
    if (ringAt && !stroke && !image) { ringAt = null; showRing(); }
    return;
  }
  const seen = shownAt(image);
  ringAt = [(event.clientX - seen.left) / seen.width, (event.clientY - seen.top) / seen.height];
  showRing();
});
window.addEventListener("resize", () => { drawStrokes(); showRing(); });

// By keyboard: arrows move the brush, Enter paints a dot there, Escape puts it away.
const holder = () => document.querySelector("#live-cutout .image-container > button");
const nameCutout = () => {
  const button = holder();
  if (!button) return;
  if (chosenBrush()) button.setAttribute("aria-label", BRUSH_BY_KEYS);
  else button.removeAttribute("aria-label");
};
window.addEventListener("keydown", (event) => {
  if (event.target !== holder() || !chosenBrush() || event.ctrlKey || event.metaKey || event.altKey) return;
  nameCutout();
  if (ARROWS[event.key]) {
    ringAt = movedPoint(ringAt, event);
  } else if (event.key === "Enter" && ringAt) {
    stroke = Object.assign(beginStroke(), { points: [ringAt] });
    finish();
    drawStrokes();
  } else if (event.key === "Escape" && ringAt) {
    ringAt = null;
  } else {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  showRing();
}, true);
document.addEventListener("focusout", (event) => {
  if (event.target === holder()) { ringAt = null; showRing(); }
});
