// Press and hold the cutout to see the photo in its place.
const photoBefore = () => document.querySelector("#before-after img[data-testid=imageslider-image]")?.src;
let held = null;
document.addEventListener("pointerdown", (event) => {
  const painting = document.querySelector("#brush-kind input:checked:not([value=off])")?.offsetParent;
  const cutout = !painting && event.target.closest?.("#live-cutout img"), photo = photoBefore();
  if (!cutout || !photo || !event.isPrimary || event.button !== 0) return;
  held = cutout;
  held.style.content = `url("${photo}")`;
});
for (const end of ["pointerup", "pointercancel", "blur"]) window.addEventListener(end, () => {
  held?.style.removeProperty("content");
  held = null;
});
// A finger that holds a picture would bring up the browser's menu.
document.addEventListener("contextmenu", (event) => { if (held) event.preventDefault(); });
