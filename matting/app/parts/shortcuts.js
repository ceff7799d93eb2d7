// Keys that work wherever nothing else has a use for them.
const visible = (id) => {
  const button = document.getElementById(id);
  return button && button.offsetParent && !button.disabled ? button : null;
};
const inUse = (target) => target.closest?.("input, textarea, select, button, a, [contenteditable], [role=slider]");
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || inUse(event.target)) return;
  const button = event.key === "Enter" && visible("accept");
  if (!button) return;
  event.preventDefault();
  button.click();
});
