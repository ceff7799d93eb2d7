// The photo by keyboard: arrows move a point, Enter clicks there, Escape puts it away or stops what is computed.
const STEP = 0.02, FAR = 0.1;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const frameOf = () => document.querySelector("#photo .image-frame:has(img)");
const percent = (share) => `${Math.round(100 * share)} %`;
const spoken = Object.assign(document.createElement("p"), { className: "unseen" });
spoken.setAttribute("role", "status");
document.body.append(spoken);
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
    const [right, down] = ARROWS[event.key], step = event.shiftKey ? FAR : STEP;
    point = point
      ? [point[0] + right * step, point[1] + down * step].map((share) => Math.min(Math.max(share, 0), 1 - 1e-6))
      : [0.5, 0.5];
    spoken.textContent = `${percent(point[0])} from the left, ${percent(point[1])} from the top`;
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
