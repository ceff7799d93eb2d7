// Zoom and pan on the photo: Ctrl and the wheel or two fingers zoom, the wheel or one finger pans what is zoomed, and so
// do buttons and the keys + - 0. Clicks and boxes hit what they show, since all of them ask where the picture is.
const CLOSEST = 8, ZOOM_STEP = 1.5, SHAKE = 6;
const whole = () => ({ scale: 1, x: 0, y: 0 });
let view = whole(), viewed = "", fingers = null;
const pictureOf = (image) => image?.src.match(/view-[0-9a-f]+/)?.[0] ?? image?.src ?? "";
const within01 = (low, value, high) => Math.min(Math.max(value, low), high);

const zoomTools = Object.assign(document.createElement("div"), { className: "zoom" });
const zoomButton = (text, words, press) => {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  button.setAttribute("aria-label", words);
  button.addEventListener("click", press);
  zoomTools.append(button);
  return button;
};
const outButton = zoomButton("−", "Zoom out", () => zoomBy(1 / ZOOM_STEP));
const wholeButton = zoomButton("100 %", "Show the whole photo", () => { view = whole(); showView(); });
const inButton = zoomButton("+", "Zoom in", () => zoomBy(ZOOM_STEP));
zoomTools.addEventListener("click", (event) => event.stopPropagation());  // it is no click on the photo

const showView = () => {
  const frame = frameOf(), image = frame?.querySelector("img");
  if (!image) return;
  if (viewed !== pictureOf(image)) [view, viewed] = [whole(), pictureOf(image)];
  view.x = within01(image.offsetWidth * (1 - view.scale), view.x, 0);
  view.y = within01(image.offsetHeight * (1 - view.scale), view.y, 0);
  const transform = view.scale === 1 ? "" : `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  if (image.style.transform !== transform) image.style.transform = transform;
  if (zoomTools.parentElement !== frame) frame.append(zoomTools);
  const text = `${Math.round(100 * view.scale)} %`;
  if (wholeButton.textContent !== text) wholeButton.textContent = text;
  outButton.disabled = wholeButton.disabled = view.scale === 1;
  inButton.disabled = view.scale === CLOSEST;
  placeMark();
};
const zoomBy = (factor, clientX, clientY) => {
  const outer = frameOf().getBoundingClientRect();
  const x = (clientX ?? outer.left + outer.width / 2) - outer.left;
  const y = (clientY ?? outer.top + outer.height / 2) - outer.top;
  const scale = within01(1, view.scale * factor, CLOSEST), by = scale / view.scale;
  view = { scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
  showView();
};
const panBy = (right, down) => {
  const { x, y } = view;
  [view.x, view.y] = [x - right, y - down];
  showView();
  return view.x !== x || view.y !== y;
};
// Gradio takes a picture for no larger than its own pixels, so it gets a click at the place where that would be right.
let passed = null;
document.addEventListener("click", (event) => {
  const image = event !== passed && view.scale > 1 && event.target.closest?.("#photo .image-frame img");
  if (!image) return;
  event.stopImmediatePropagation();
  const seen = shownAt(image), rect = image.getBoundingClientRect();
  const size = Math.min(rect.width / image.naturalWidth, rect.height / image.naturalHeight, 1);
  const place = (at, from, length, outer, extent, pixels) =>
    outer + (extent - pixels * size) / 2 + ((at - from) / length) * pixels * size;
  passed = new MouseEvent("click", {
    bubbles: true, cancelable: true,
    clientX: place(event.clientX, seen.left, seen.width, rect.left, rect.width, image.naturalWidth),
    clientY: place(event.clientY, seen.top, seen.height, rect.top, rect.height, image.naturalHeight) });
  image.dispatchEvent(passed);
}, true);
const onFrame = (event) => event.target.closest?.("#photo .image-frame:has(img)");
window.addEventListener("wheel", (event) => {
  if (!onFrame(event)) return;
  const unit = event.deltaMode ? 24 : 1;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY * unit / 240), event.clientX, event.clientY);
  } else if (view.scale > 1 && panBy(event.deltaX * unit, event.deltaY * unit)) {
    event.preventDefault();
  }
}, { passive: false, capture: true });
const touched = (event) => {
  const [first, second = first] = event.touches;
  return {
    count: event.touches.length,
    x: (first.clientX + second.clientX) / 2, y: (first.clientY + second.clientY) / 2,
    apart: Math.hypot(first.clientX - second.clientX, first.clientY - second.clientY),
  };
};
window.addEventListener("touchstart", (event) => { fingers = onFrame(event) ? touched(event) : null; }, { capture: true });
window.addEventListener("touchmove", (event) => {
  const before = fingers, now = touched(event);
  if (!before || before.count !== now.count) return;
  if (now.count === 2) {
    event.preventDefault();
    panBy(before.x - now.x, before.y - now.y);
    zoomBy(now.apart / Math.max(before.apart, 1), now.x, now.y);
    fingers = now;
  } else if (now.count === 1 && view.scale > 1 && !boxIsChosen()) {
    event.preventDefault();
    if (!before.moving && Math.hypot(before.x - now.x, before.y - now.y) < SHAKE) return;
    panBy(before.x - now.x, before.y - now.y);
    fingers = { ...now, moving: true };
  }
}, { passive: false, capture: true });
window.addEventListener("keydown", (event) => {
  if (event.target !== frameOf() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "+" || event.key === "=") zoomBy(ZOOM_STEP);
  else if (event.key === "-") zoomBy(1 / ZOOM_STEP);
  else if (event.key === "0") { view = whole(); showView(); }
  else return;
  event.preventDefault();
});
window.addEventListener("resize", showView);
let showing = false;
new MutationObserver(() => {
  if (showing) return;
  showing = true;
  requestAnimationFrame(() => { showing = false; showView(); });
}).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] });
