"""A figure that answers clicks: a widget for Jupyter, loaded only where one is shown."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import anywidget
import traitlets
from matplotlib.figure import Figure

SAYS = "Run this cell in Jupyter to click on the photo: the figure follows."
"""What stands in place of the widget where the notebook is only read."""

SCRIPT = """
function render({ model, el }) {
  const picture = document.createElement("img");
  picture.tabIndex = 0;
  picture.style.cssText = "max-width: 100%; touch-action: manipulation";
  const line = document.createElement("div");
  line.setAttribute("aria-live", "polite");
  el.append(picture, line);

  const share = (event) => {  // of the photo's width and height; null beside the photo
    const seen = picture.getBoundingClientRect();
    const [left, top, right, bottom] = model.get("frame");
    const x = ((event.clientX - seen.left) / seen.width - left) / (right - left);
    const y = ((event.clientY - seen.top) / seen.height - top) / (bottom - top);
    return x >= 0 && x < 1 && y >= 0 && y < 1 ? [x, y] : null;
  };
  const ask = (x, y) => {
    const [height, width] = model.get("size");
    const place = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
    if (String(place) === String(model.get("place"))) return;
    picture.style.opacity = 0.5;  // until the answer is here
    model.set("place", place);
    model.save_changes();
  };
  picture.addEventListener("pointermove", (event) => {
    picture.style.cursor = share(event) ? "crosshair" : "default";
  });
  picture.addEventListener("click", (event) => {
    const [height, width] = model.get("size");
    const at = share(event);
    if (at) ask(Math.floor(at[0] * width), Math.floor(at[1] * height));
  });
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  picture.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();  // else the notebook would go to another cell
    const [x, y] = model.get("place");
    const far = event.shiftKey ? 10 : 1;
    ask(x + far * step[0], y + far * step[1]);
  });

  let address = null;
  const update = () => {
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/jpeg" }));
    const [x, y] = model.get("place");
    picture.src = address;
    picture.alt = `The figure of the place x = ${x}, y = ${y}`;
    picture.style.opacity = 1;
    line.textContent = `x = ${x}, y = ${y}. Click on the photo, or move with the arrow keys (Shift: ten pixels).`;
  };
  model.on("change:picture", update);
  update();
  return () => URL.revokeObjectURL(address);
}
export default { render };
"""


class ClickableFigure(anywidget.AnyWidget):
    """A figure whose first axes show a photo; a click on the photo, or an arrow key, draws the figure anew.

    Args:
        draw: returns the figure of a place (x, y), in pixels of the photo.
        size: (height, width) of the photo.
        start: the place (x, y) that is drawn first.
    """

    _esm = SCRIPT
    place = traitlets.Tuple(traitlets.Int(), traitlets.Int()).tag(sync=True)
    size = traitlets.Tuple(traitlets.Int(), traitlets.Int()).tag(sync=True)
    frame = traitlets.Tuple(*(traitlets.Float() for _ in range(4))).tag(sync=True)
    """Left, top, right, bottom of the photo, as shares of the figure."""
    picture = traitlets.Bytes().tag(sync=True)
    """The figure, a JPEG."""

    def __init__(self, draw: Callable[[int, int], Figure], size: tuple[int, int], start: tuple[int, int]) -> None:
        frame, picture = _drawn(draw(*start))
        super().__init__(place=start, size=size, frame=frame, picture=picture)
        self._draw = draw
        self.observe(self._follow, "place")

    def _follow(self, change: traitlets.Bunch) -> None:
        self.frame, self.picture = _drawn(self._draw(*change.new))


def _drawn(figure: Figure) -> tuple[tuple[float, float, float, float], bytes]:
    """Where the first axes stand in a figure, (left, top, right, bottom) as shares of it, and the figure as a JPEG."""
    stream = BytesIO()
    figure.savefig(stream, format="jpeg", pil_kwargs={"quality": 75})
    box = figure.axes[0].get_window_extent().transformed(figure.transFigure.inverted())
    return (box.x0, 1 - box.y1, box.x1, 1 - box.y0), stream.getvalue()
