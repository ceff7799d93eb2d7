"""ClickNet as a segmenter: masks of things from clicks, a box or nothing, offline.

Every prompt is answered as if its clicks had come one by one, each answer seeing the one before. A small object is
looked at once more, in a crop around it. What was said is a promise: the mask agrees with every click, and a box
bounds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch

from matting.coarse.bundled import CLICKS
from matting.coarse.classical.guided_filter import guided_upsample
from matting.coarse.classical.regions import Regions, find_regions
from matting.coarse.parts import expected_iou
from matting.coarse.prompts import CoarseMasks, Prompts
from matting.coarse.second_opinion import has_no_idea, heard
from matting.masks import connected_parts
from matting.networks.clicknet import Asked, ClickNet, Embedding, mirrored
from matting.networks.weights import load_weights

CLOSER = 0.5
"""A crop is looked at where it covers less than this share of the photo."""

AROUND = 0.3
"""A crop goes beyond the object by this share of its size, on each side."""

DOT = 0.012
"""Radius around a click that is certain, as a share of the view's side."""

SAME = 0.95
"""Candidates that overlap (IoU) more than this are one."""

FILTER_RADIUS, FILTER_EPSILON = 2, 1e-3

Window = tuple[int, int, int, int]
"""(left, top, right, bottom) in whole pixels of the photo."""


@dataclass(eq=False)
class View:
    """One window of a photo: what the network saw there and in its mirror, and what it has answered, by prompts."""

    window: Window
    seen: Embedding
    answers: dict[Prompts, np.ndarray] = field(default_factory=dict)


@dataclass(eq=False)
class ClickEmbedding:
    """A photo, RGB uint8 (H, W, 3), its regions, and the views of it that have been looked at, the whole first."""

    photo: np.ndarray
    regions: Regions
    views: list[View]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the photo."""
        return self.photo.shape[:2]


class Clicks:
    """ClickNet; see `load_clicks`."""

    name = "clicks"

    def __init__(self, network: ClickNet) -> None:
        """Wrap a network, which is put in evaluation mode."""
        self.network = network.eval().to(memory_format=torch.channels_last)

    def embed(self, image: np.ndarray) -> ClickEmbedding:
        """Look at a photo, RGB uint8 (H, W, 3)."""
        image = np.ascontiguousarray(image)
        height, width = image.shape[:2]
        return ClickEmbedding(image, find_regions(image), [self._look(image, (0, 0, width, height))])

    def segment(self, embedding: ClickEmbedding, prompts: Prompts) -> CoarseMasks:
        """Return up to three candidates: the object that is meant, the clicked part of it, and all that stands out.

        Scores are the IoU to expect if the first one's probabilities were true.

        Raises:
            ValueError: If the prompts do not fit the photo.
        """
        prompts = prompts.checked(embedding.size)
        view = self._choose_view(embedding, prompts)
        answers = self._weighed(view, prompts)
        left, top, right, bottom = view.window
        pixels = embedding.photo[top:bottom, left:right]
        found, masks, scores = [], [], []
        for answer in answers:
            small = as_said(answer, prompts, view.window)
            if found and (not (small >= 0.5).any() or any(_alike(small, other) for other in found)):
                continue
            found.append(small)
            if not masks:
                if view is embedding.views[0]:
                    small = as_said(heard(small, embedding.regions, prompts, embedding.size), prompts, view.window)
                likely = small
            whole = np.zeros(embedding.size, np.float32)
            whole[top:bottom, left:right] = _enlarge(small, pixels)
            scores.append(expected_iou(likely, small))
            masks.append(_obey(whole, prompts))
        return CoarseMasks.ranked(np.stack(masks), _falling(scores))

    def _weighed(self, view: View, prompts: Prompts) -> np.ndarray:
        """The three candidates' probabilities, float32 (3, S/2, S/2).

        A first click on what stands out most often means just that: then what is meant is the mean of both answers,
        but for pieces that do not hang together with what was clicked, which may be others of its kind.
        """
        answers = _sigmoid(self._answer(view, prompts))
        if prompts.box is None and [label for _, _, label in prompts.points] == [1]:
            unasked = _sigmoid(self._answer(view, Prompts())[0])
            (x, y, _), (left, top, right, bottom) = prompts.points[0], view.window
            pieces = connected_parts(unasked >= 0.5)
            row, column = (y - top) / (bottom - top), (x - left) / (right - left)
            if piece := pieces[int(row * pieces.shape[0]), int(column * pieces.shape[1])]:
                other = (pieces > 0) & (pieces != piece)
                answers[0] = np.where(other, answers[0], (answers[0] + unasked) / 2)
        return answers

    def _choose_view(self, embedding: ClickEmbedding, prompts: Prompts) -> View:
        """The whole photo, or a crop around what is meant where that is small."""
        whole = embedding.views[0]
        needed = self._extent(embedding, prompts)
        if needed is None or has_no_idea(_sigmoid(self._answer(whole, prompts)[0]), prompts):
            return whole
        window = _widened(needed, embedding.size)
        area = _area(whole.window)
        if _area(window) >= CLOSER * area:
            return whole
        for view in embedding.views[1:]:
            if _holds(view.window, needed) and _area(view.window) < 2 * _area(window):
                return view
        embedding.views.append(self._look(embedding.photo, window))
        return embedding.views[-1]

    def _extent(self, embedding: ClickEmbedding, prompts: Prompts) -> Window | None:
        """What the answer in the whole photo and the clicks cover; None where there is nothing."""
        height, width = embedding.size
        if prompts.box is not None:
            x0, y0, x1, y1 = prompts.box
        else:
            inside = self._answer(embedding.views[0], prompts)[0] > 0
            if not inside.any():
                return None
            rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
            across, down = width / inside.shape[1], height / inside.shape[0]
            x0, y0, x1, y1 = columns[0] * across, rows[0] * down, (columns[-1] + 1) * across, (rows[-1] + 1) * down
        xs, ys = [x0, x1, *(x for x, _, _ in prompts.points)], [y0, y1, *(y for _, y, _ in prompts.points)]
        return int(min(xs)), int(min(ys)), int(np.ceil(max(xs))), int(np.ceil(max(ys)))

    @torch.no_grad()
    def _look(self, photo: np.ndarray, window: Window) -> View:
        left, top, right, bottom = window
        side = self.network.config.side
        view = cv2.resize(photo[top:bottom, left:right], (side, side), interpolation=cv2.INTER_AREA)
        image = torch.from_numpy(view).to(self._device).permute(2, 0, 1)[None].float() / 255
        image = torch.cat([image, image.flip(3)]).contiguous(memory_format=torch.channels_last)
        seen = self.network.embed(image, self.network.see(image))
        return View(window, Embedding(*(level.cpu() for level in seen)))

    @torch.no_grad()
    def _answer(self, view: View, prompts: Prompts) -> np.ndarray:
        """The three candidates' logits, float32 (3, S/2, S/2), each click seeing the answer before it.

        They are the mean over the view and its mirror.
        """
        if prompts in view.answers:
            return view.answers[prompts]
        seen = Embedding(*(level.to(self._device) for level in view.seen))
        before = Prompts(prompts.points[:-1], prompts.box)
        first = not prompts.points or (before == Prompts() and prompts.points[0][2] == 1)
        height, width = seen.detail.shape[-2:]
        previous = torch.full((1, 1, height, width), -1.0, device=self._device)
        if not first:
            previous = torch.from_numpy(self._answer(view, before)[:1]).to(self._device).sigmoid()[None]
        points, box = (torch.tensor(v, device=self._device)[None] for v in _in_shares(prompts, view.window))
        turned = *mirrored(points, box), previous.flip(3)
        both = Asked(*(torch.cat(pair) for pair in zip((points, box, previous), turned, strict=True)))
        answer = self.network.answer(seen, both).float()
        view.answers[prompts] = ((answer[0] + answer[1].flip(2)) / 2).cpu().numpy()
        return view.answers[prompts]

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device


def load_clicks(source: str | Path | None = None, *, device: str | torch.device = "cpu") -> Clicks:
    """Load ClickNet from a file, by default the bundled one.

    Raises:
        ValueError: If the file is missing or holds another network.
    """
    path = Path(source or CLICKS)
    network = load_weights(path)
    if not isinstance(network, ClickNet):
        raise ValueError(f"{path} holds weights of {type(network).__name__}; give ClickNet's.")
    return Clicks(network.to(device))


def as_said(probability: np.ndarray, prompts: Prompts, window: Window) -> np.ndarray:
    """Let a small mask (h, w) of a window be what was said: discs around clicks certain, nothing beyond the box."""
    mask = probability.copy()
    height, width = mask.shape
    left, top, right, bottom = window
    across, down = width / (right - left), height / (bottom - top)
    if prompts.box is not None:
        x0, y0, x1, y1 = prompts.box
        rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
        inside = ((rows >= (y0 - top) * down) & (rows <= (y1 - top) * down))[:, None]
        mask[~(inside & ((columns >= (x0 - left) * across) & (columns <= (x1 - left) * across)))] = 0
    y, x = np.mgrid[:height, :width] + 0.5
    nearest, value = np.full(mask.shape, DOT * height), mask
    for px, py, label in prompts.points:
        away = np.hypot(x - (px - left) * across, y - (py - top) * down)
        closer = away < nearest  # between two clicks each has its own half
        nearest = np.where(closer, away, nearest)
        value = np.where(closer, np.maximum(mask, 0.95) if label else np.minimum(mask, 0.05), value)
    return value.astype(np.float32)


def _in_shares(prompts: Prompts, window: Window) -> tuple[list[list[float]], list[float]]:
    """Points (N, 3) and box (4,) as `Asked` has them; one that is none where there are none."""
    left, top, right, bottom = window
    wide, tall = right - left, bottom - top
    points = [[(x - left) / wide, (y - top) / tall, float(label)] for x, y, label in prompts.points]
    if prompts.box is None:
        return points or [[-1.0, -1.0, -1.0]], [-1.0] * 4
    x0, y0, x1, y1 = prompts.box
    shares = (x0 - left) / wide, (y0 - top) / tall, (x1 - left) / wide, (y1 - top) / tall
    return points or [[-1.0, -1.0, -1.0]], [float(np.clip(share, 0, 1)) for share in shares]


def _obey(mask: np.ndarray, prompts: Prompts) -> np.ndarray:
    """Let the clicked pixels of a mask (H, W) and those outside the box be what was said, whatever the filter made."""
    if prompts.box is not None:
        x0, y0, x1, y1 = prompts.box
        mask[: int(np.floor(y0))] = 0
        mask[int(np.ceil(y1)) :] = 0
        mask[:, : int(np.floor(x0))] = 0
        mask[:, int(np.ceil(x1)) :] = 0
    for x, y, label in prompts.points:
        mask[int(y), int(x)] = label
    return mask


def _enlarge(small: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Carry a small mask to a window's own size, its edges to the photo's."""
    height, width = pixels.shape[:2]
    if height <= small.shape[0] or width <= small.shape[1]:
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return guided_upsample(small, pixels, FILTER_RADIUS, FILTER_EPSILON)


def _widened(extent: Window, size: tuple[int, int]) -> Window:
    """A window around an extent, with room on every side, within the photo and not too narrow."""
    height, width = size
    left, top, right, bottom = extent
    room = max(AROUND * max(right - left, bottom - top), 24)
    tall, wide = bottom - top, right - left
    across, down = max(0.0, (tall - wide) / 4), max(0.0, (wide - tall) / 4)  # a long thing's view is not as long
    return (
        int(max(0, left - room - across)),
        int(max(0, top - room - down)),
        int(min(width, right + room + across)),
        int(min(height, bottom + room + down)),
    )


def _area(window: Window) -> int:
    left, top, right, bottom = window
    return (right - left) * (bottom - top)


def _holds(outer: Window, inner: Window) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    first, second = one >= 0.5, other >= 0.5
    return np.count_nonzero(first & second) >= SAME * np.count_nonzero(first | second)


def _falling(scores: list[float]) -> np.ndarray:
    """Scores, none above the first: what is meant comes first."""
    return np.minimum(np.array(scores, np.float32), np.float32(scores[0]))


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
