// The photo by keyboard: arrows move a point, Enter clicks there, Escape puts it away or stops what is computed.
const frameOf = () => document.querySelector("#photo .image-frame:has(img)");
let point = null;

const mark = Object.assign(document.createElement("div"), { className: "point" });
const placeMark = () => {
  const frame = frameOf();
  if (!point || !frame) return mark.remove();
  const seen = shownAt(frame.querySelector("img")), outer = frame.getBoundingClientRect();
  mark.style.left = `${seen.left - outer.left + point[0] * seen.width}px`;
  mark.style.top = `${seen.top - outer.top + point[1] * seen.height}px`;
  if (mark.parentElement !== frame) frame.append(mark);
};
const clickThere = (frame) => {
  const image = frame.querySelector("img"), seen = shownAt(image);
  const [clientX, clientY] = [seen.left + point[0] * seen.width, seen.top + point[1] * seen.height];
  image.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, clientX, clientY }));
};
const name = () => {
  const frame = frameOf();
  if (frame && frame.tabIndex !== 0) {
    frame.tabIndex = 0;
    frame.setAttribute("role", "application");
    frame.setAttribute("aria-label", "Photo: arrow keys move a point, Enter clicks there, Escape puts the point away");
    frame.addEventListener("blur", () => { point = null; placeMark(); });
  }
  placeMark();
};
let asked = false;
new MutationObserver(() => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; name(); });
}).observe(document.body, { childList: true, subtree: true });
window.addEventListener("keydown", (event) => {
  const frame = frameOf();
  if (!frame || event.target !== frame || event.ctrlKey || event.metaKey || event.altKey) return;
  if (ARROWS[event.key]) {
    point = movedPoint(point, event);
  } else if (event.key === "Enter" && point) {
    clickThere(frame);
  } else if (event.key === "Escape" && point) {
    point = null;
  } else {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  placeMark();
}, true);
