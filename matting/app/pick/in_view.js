// Where the cutout lies below the photo, as on a phone, a click brings both into view: not under a finger that is down,
// and not for somebody who has scrolled elsewhere since.
const CLEAR = 10;
const lies = (id) => document.getElementById(id)?.getBoundingClientRect();
let due = false, held = false;
const showBoth = () => {
  const photo = lies("photo"), live = lies("live");
  if (!due || held || !photo?.height || !live?.height || live.top < photo.bottom) return;
  const by = Math.min(live.bottom + CLEAR - innerHeight, photo.top - CLEAR);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (by > 1) window.scrollTo({ top: scrollY + by, behavior: still ? "auto" : "smooth" });
};
for (const picks of ["pointerup", "click"]) document.addEventListener(picks, (event) => {
  if (event.target.closest?.("#photo .image-frame")) due = true;
}, true);
for (const scrolls of ["wheel", "touchmove"]) window.addEventListener(scrolls, () => { due = false; }, { passive: true });
document.addEventListener("pointerdown", () => { held = true; }, true);
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => {
  held = false;
  requestAnimationFrame(showBoth);
}, true);
const watchLive = new ResizeObserver(() => requestAnimationFrame(showBoth));
const findLive = new MutationObserver(() => {
  const live = document.getElementById("live");
  if (live && live !== findLive.seen) watchLive.observe(findLive.seen = live);
});
findLive.observe(document.body, { childList: true, subtree: true });
