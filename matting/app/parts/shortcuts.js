// Keys that work wherever nothing else has a use for them.
const visible = (id) => {
  const button = document.getElementById(id);
  return button?.offsetParent && !button.disabled ? button : null;
};
const writing = (target) => target.closest?.("input:not([type=radio], [type=checkbox]), textarea, [contenteditable]");
const inUse = (target) => target.closest?.("input, textarea, select, button, a, [contenteditable], [role=slider]");
const wanted = (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !writing(event.target)) {
    const key = event.key.toLowerCase();
    if (key === "y" || (key === "z" && event.shiftKey)) return visible("redo-click");
    if (key === "z") return visible("undo-click") ?? visible("bring-back");
  }
  const bare = !event.ctrlKey && !event.metaKey && !event.altKey && !inUse(event.target);
  if (bare && event.key === "Escape") return visible("stop-cut-out");
  return bare && event.key === "Enter" && !document.querySelector("#photo .point") ? visible("accept") : null;
};
window.addEventListener("keydown", (event) => {
  const button = !event.defaultPrevented && wanted(event);
  if (!button) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  button.click();
}, true);
