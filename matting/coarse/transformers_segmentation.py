"""Any image-segmentation model of transformers as a segmenter: semantic, instance or panoptic, by its labels.

The paper makes its coarse masks of people with a human parser (Section IV-B1); one is written as
`transformers:FOLDER_OR_HUB_ID#hair, face, upper-clothes`, the labels joined that make up the object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from matting.coarse.hub import cannot_be_loaded, fetch
from matting.coarse.parts import choose_parts
from matting.coarse.prompts import CoarseMasks, Prompts

if TYPE_CHECKING:
    from transformers import ImageSegmentationPipeline

FILES = ("config.json", "preprocessor_config.json", "processor_config.json", "model*.safetensors*")
WEIGHTS = ("model*.safetensors",)
SHOWN_LABELS = 40
"""A sentence lists at most this many of a model's labels."""


@dataclass(frozen=True, eq=False)
class Segments:
    """What a model found in one photo.

    Attributes:
        labels: the label of each segment.
        scores: the model's confidence in each, (N,) in [0, 1]; 1 where it has none.
        index: int32 (H, W), which segment a pixel belongs to, from 1; 0 is none.
        instances: whether the model tells objects of one label apart.
    """

    labels: tuple[str, ...]
    scores: np.ndarray
    index: np.ndarray
    instances: bool


class LabelledSegmenter:
    """A segmentation model and the labels that are the object; see `load_transformers_segmentation`."""

    name = "transformers"

    def __init__(self, pipeline: ImageSegmentationPipeline, wanted: frozenset[str] = frozenset()) -> None:
        """Wrap transformers' own pipeline; without labels the object is what is clicked."""
        self.pipeline = pipeline
        self.wanted = wanted

    def embed(self, image: np.ndarray) -> Segments:
        """Run the model on a photo, RGB uint8 (H, W, 3)."""
        found = self.pipeline(Image.fromarray(image))
        index = np.zeros(image.shape[:2], np.int32)
        for number, segment in enumerate(found, start=1):
            index[np.asarray(segment["mask"]) > 0] = number
        scores = np.array([1.0 if s["score"] is None else s["score"] for s in found], np.float32)
        processor = self.pipeline.image_processor
        instances = any(hasattr(processor, f"post_process_{kind}_segmentation") for kind in ("panoptic", "instance"))
        return Segments(tuple(segment["label"] for segment in found), scores, index, instances)

    def segment(self, embedding: Segments, prompts: Prompts) -> CoarseMasks:
        """Return one mask: the segments of the wanted labels, or those of them that the prompts choose.

        Words in the prompts are the labels that are wanted, instead of those that the model was loaded with. A click
        chooses among objects where the model tells them apart, otherwise among connected parts. Without labels the
        clicked segments are taken, or the one that fills the box best. The score is the least confidence.

        Raises:
            ValueError: If the prompts do not fit the photo, the model does not know one of the labels, or nothing of
                them was found in the photo.
        """
        prompts = prompts.checked(embedding.index.shape)
        said = _names(prompts.words)
        _check_known(self.pipeline, said, "The model")
        wanted = said or self.wanted
        numbers = _numbers(embedding, prompts, wanted)
        if not numbers:
            raise ValueError(_nothing(embedding, prompts, wanted))
        mask = np.isin(embedding.index, list(numbers)).astype(np.float32)
        mask = choose_parts(mask, prompts, embedding.index if embedding.instances else None)
        return CoarseMasks(mask[None], np.array([min(embedding.scores[n - 1] for n in numbers)], np.float32))


def _check_known(pipeline: ImageSegmentationPipeline, wanted: frozenset[str], where: str) -> None:
    """Raise ValueError where a model, named `where` in the sentence, does not know one of the labels."""
    if not wanted:
        return
    known = list(pipeline.model.config.id2label.values())
    unknown = wanted.difference(*map(_names, known)) if known else wanted
    if unknown:
        raise ValueError(f"{where} knows no label {' or '.join(sorted(unknown))}; it knows {_listed(known)}.")


def load_transformers_segmentation(source: str | Path, *, device: str | torch.device = "cpu") -> LabelledSegmenter:
    """Load a model from a folder in the hub's format or by hub id, with the labels that are the object after a "#".

    Several labels are joined by commas; upper and lower case count as equal. Weights are read from safetensors, never
    unpickled, and a repository's own code is never run.

    Raises:
        ValueError: If the model does not know one of the labels.
        SegmenterUnavailable: If the weights or the device are not available, or it is no segmentation model.
    """
    where, _, labels = str(source).partition("#")
    folder = Path(where) if Path(where).is_dir() else fetch(LabelledSegmenter.name, where, FILES, WEIGHTS)
    try:
        pipeline = _build(folder, device)
    except Exception as error:  # damaged files make transformers raise almost anything
        raise cannot_be_loaded(LabelledSegmenter.name, where, error) from error
    wanted = _names(labels)
    _check_known(pipeline, wanted, where)
    return LabelledSegmenter(pipeline, wanted)


def _build(folder: Path, device: str | torch.device) -> ImageSegmentationPipeline:
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    architecture = (config.architectures or ["None"])[0]
    model_class: Any = getattr(transformers, architecture, None)
    if model_class is None or not architecture.endswith("Segmentation"):
        raise ValueError(f"its config names {architecture}, expected a segmentation model of transformers")
    model, loading = model_class.from_pretrained(
        folder, use_safetensors=True, local_files_only=True, dtype=torch.float32, output_loading_info=True
    )
    if loading["missing_keys"]:  # transformers would leave them at random values
        raise ValueError(f"{len(loading['missing_keys'])} of its tensors are missing")
    processor = transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    return transformers.ImageSegmentationPipeline(model=model.eval(), image_processor=processor, device=device)


def _numbers(embedding: Segments, prompts: Prompts, wanted: frozenset[str]) -> set[int]:
    """Numbers of the segments that may be the object."""
    if wanted:
        return {n for n, label in enumerate(embedding.labels, start=1) if _names(label) & wanted}
    if prompts.positive:
        return {int(embedding.index[int(y), int(x)]) for x, y in prompts.positive} - {0}
    return _best_in_box(embedding.index, prompts) if prompts.box is not None else set()


def _nothing(embedding: Segments, prompts: Prompts, wanted: frozenset[str]) -> str:
    here = _listed(sorted(set(embedding.labels))) or "nothing"
    if wanted:
        return f"No {' or '.join(sorted(wanted))} was found in this photo; found were {here}."
    if prompts.positive or prompts.box is not None:
        return f"The model knows nothing there; found in this photo were {here}."
    return f"Click on the object, or say its label (after the model as #person); found here were {here}."


def _names(labels: str) -> frozenset[str]:
    """Every name in "person, hat" or "windowpane; window", in small letters."""
    return frozenset(name for part in re.split("[,;]", labels) if (name := part.strip().lower()))


def _listed(labels: Iterable[str]) -> str:
    labels = list(labels)
    more = f" and {len(labels) - SHOWN_LABELS} more" if len(labels) > SHOWN_LABELS else ""
    return ", ".join(labels[:SHOWN_LABELS]) + more


def _best_in_box(index: np.ndarray, prompts: Prompts) -> set[int]:
    """The number of the segment that overlaps best (IoU) with the box, if any touches it."""
    within = choose_parts(np.ones(index.shape), Prompts(box=prompts.box)) > 0
    area = np.bincount(index.ravel())
    common = np.bincount(index[within], minlength=len(area))
    overlap = common / (area + within.sum() - common)
    overlap[0] = 0
    return {int(overlap.argmax())} if overlap.any() else set()
