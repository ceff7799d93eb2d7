// A point that arrow keys move over a picture, in shares of its width and height; screen readers are told where it is.
const STEP = 0.02, FAR = 0.1;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const percent = (share) => `${Math.round(100 * share)} %`;
const spoken = document.querySelector("p.unseen") ?? Object.assign(document.createElement("p"), { className: "unseen" });
spoken.setAttribute("role", "status");
document.body.append(spoken);
// Return where an arrow key leads from a point, or from none yet.
const movedPoint = (point, event) => {
  const [right, down] = ARROWS[event.key], step = event.shiftKey ? FAR : STEP;
  const there = point
    ? [point[0] + right * step, point[1] + down * step].map((share) => Math.min(Math.max(share, 0), 1 - 1e-6))
    : [0.5, 0.5];
  spoken.textContent = `${percent(there[0])} from the left, ${percent(there[1])} from the top`;
  return there;
};
