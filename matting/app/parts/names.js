// Names for what Gradio leaves without one, kept as the page changes.
const nameAll = () => {
  for (const item of document.querySelectorAll("button.thumbnail-item")) {
    const words = item.querySelector(".caption-label")?.textContent.trim() || item.querySelector("img")?.alt;
    if (words && item.getAttribute("aria-label") !== words) item.setAttribute("aria-label", words);
  }
  for (const [host, words] of CANVASES) {
    for (const canvas of document.querySelectorAll(`#${host} canvas:not([aria-label])`)) {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", words);
    }
  }
  nameHandles();
};
// The comparison's handle: a slider that arrows move, by the same drag that a mouse would make.
const moveHandle = (handle, by) => {
  const box = handle.getBoundingClientRect(), at = box.left + box.width / 2;
  const fire = (target, kind, x) => target.dispatchEvent(
    new MouseEvent(kind, { bubbles: true, view: window, clientX: x, clientY: box.top + box.height / 2 }));
  fire(handle, "mousedown", at);
  fire(window, "mousemove", at + by);
  fire(window, "mouseup", at + by);
};
const nameHandles = () => {
  for (const handle of document.querySelectorAll("#before-after [data-testid=slider]")) {
    const seen = handle.parentElement.getBoundingClientRect(), box = handle.getBoundingClientRect();
    const share = Math.round((100 * (box.left + box.width / 2 - seen.left)) / Math.max(seen.width, 1));
    handle.setAttribute("aria-valuenow", Math.min(Math.max(share, 0), 100));
    if (handle.getAttribute("role") === "slider") continue;
    handle.tabIndex = 0;
    const named = { role: "slider", "aria-label": "Before and after", "aria-valuemin": 0, "aria-valuemax": 100 };
    for (const [key, value] of Object.entries(named)) handle.setAttribute(key, value);
    handle.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      moveHandle(handle, way * (event.shiftKey ? 50 : 10));
      requestAnimationFrame(nameHandles);
    });
  }
};
const CANVASES = [
  ["trimap-editor", "Trimap over the photo, to paint on: green is kept, yellow is unsure, blue is dropped"],
  ["mask-editor", "Photo to paint on what you want to keep"],
];
let waiting = false;
new MutationObserver(() => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; nameAll(); });
}).observe(document.body, { childList: true, subtree: true });
document.addEventListener("load", () => requestAnimationFrame(nameHandles), true);  // a picture gives its handle a place
nameAll();
