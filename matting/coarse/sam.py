"""SAM and SAM 2.1 through transformers (Kirillov et al., 2023; Ravi et al., 2024).

The heavy vision encoder runs once for each photo; a click costs the prompt encoder and the mask decoder alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from matting.coarse.hub import cannot_be_loaded, fetch
from matting.coarse.prompts import CoarseMasks, Prompts

if TYPE_CHECKING:
    from transformers import Sam2Model, SamModel

CHECKPOINTS = {
    "sam2.1-tiny": "facebook/sam2.1-hiera-tiny",
    "sam-vit-b": "facebook/sam-vit-base",
    "sam-vit-l": "facebook/sam-vit-large",
    "sam-vit-h": "facebook/sam-vit-huge",
}
FILES = ("config.json", "preprocessor_config.json", "processor_config.json", "model*.safetensors*")
WEIGHTS = ("model*.safetensors",)


@dataclass(frozen=True, eq=False)
class SamEmbedding:
    """What SAM's vision encoder saw of one photo; all tensors are float32 on the CPU.

    Attributes:
        features: the encoder's feature maps, one for SAM, three for SAM 2, (1, C, h, w) each.
        size: (height, width) of the photo.
        resized: (height, width) that the photo had in the network's input, without the padding.
        padded: (height, width) of the network's input.
    """

    features: tuple[Tensor, ...]
    size: tuple[int, int]
    resized: tuple[int, int]
    padded: tuple[int, int]


class Sam:
    """SAM or SAM 2, whichever the model is; see `load_sam`."""

    def __init__(self, name: str, model: SamModel | Sam2Model, image_processor: Any) -> None:
        """Wrap a transformers model in evaluation mode and the image processor that belongs to it."""
        self.name = name
        self.model = model
        self.image_processor = image_processor

    @torch.no_grad()
    def embed(self, image: np.ndarray) -> SamEmbedding:
        """Run the vision encoder on a photo, RGB uint8 (H, W, 3)."""
        inputs = self.image_processor(images=image, input_data_format="channels_last", return_tensors="pt")
        pixels = inputs["pixel_values"].to(self.model.device)
        with _half_precision(self.model.device):
            features = self.model.get_image_embeddings(pixels)
        padded = tuple(pixels.shape[-2:])
        resized = inputs.get("reshaped_input_sizes")  # SAM keeps the aspect and pads; SAM 2 fills the square
        return SamEmbedding(
            features=tuple(f.float().cpu() for f in (features if isinstance(features, list) else [features])),
            size=image.shape[:2],
            resized=padded if resized is None else tuple(int(side) for side in resized[0]),
            padded=padded,
        )

    @torch.no_grad()
    def segment(self, embedding: SamEmbedding, prompts: Prompts) -> CoarseMasks:
        """Return SAM's three candidates with the IoUs it predicts; without + point or box, a centred box asks.

        Raises:
            ValueError: If the prompts do not fit the photo.
        """
        prompts = prompts.checked(embedding.size).or_centred(embedding.size)
        features = [feature.to(self.model.device) for feature in embedding.features]
        output = self.model(
            image_embeddings=features if len(features) > 1 else features[0],
            multimask_output=True,
            **self._encode(prompts, embedding),
        )
        masks = enlarge_logits(output.pred_masks[:, 0].float().cpu(), embedding).sigmoid()
        return CoarseMasks.ranked(masks[0].numpy(), output.iou_scores[0, 0].float().cpu().numpy())

    def _encode(self, prompts: Prompts, embedding: SamEmbedding) -> dict[str, Tensor]:
        """Scale the prompts to the network's input: (1, 1, N, 2) points, (1, 1, N) labels, (1, 1, 4) box."""
        (height, width), (new_height, new_width) = embedding.size, embedding.resized
        scale = torch.tensor([new_width / width, new_height / height], dtype=torch.float64)
        encoded = {}
        if prompts.points:
            points = torch.tensor(prompts.points, dtype=torch.float64)
            encoded["input_points"] = (points[:, :2] * scale)[None, None].float()
            encoded["input_labels"] = points[:, 2].long()[None, None]
        if prompts.box is not None:
            corners = torch.tensor(prompts.box, dtype=torch.float64).view(2, 2) * scale
            encoded["input_boxes"] = corners.view(1, 1, 4).float()
        return {key: value.to(self.model.device) for key, value in encoded.items()}


def enlarge_logits(logits: Tensor, embedding: SamEmbedding) -> Tensor:
    """Enlarge mask logits (B, N, h, w), which span the padded input, to the photo's size, the padding cut off."""
    if embedding.resized != embedding.padded:
        height, width = embedding.resized
        logits = functional.interpolate(logits, embedding.padded, mode="bilinear", align_corners=False)
        logits = logits[..., :height, :width]
    return functional.interpolate(logits, embedding.size, mode="bilinear", align_corners=False)


def load_sam(name: str = "sam2.1-tiny", *, source: str | Path | None = None, device: str | torch.device = "cpu") -> Sam:
    """Load SAM by name, or other weights of SAM or SAM 2 from a local folder or hub id.

    The hub is asked only for what is not on this machine. Weights are read from safetensors, never unpickled.

    Raises:
        SegmenterUnavailable: If the weights or the device are not available.
    """
    source = str(source or CHECKPOINTS[name])
    folder = Path(source) if Path(source).is_dir() else fetch(name, source, FILES, WEIGHTS)
    try:
        model, image_processor = _read(folder)
        return Sam(name, model.to(device).eval(), image_processor)
    except Exception as error:  # damaged files make transformers raise almost anything
        raise cannot_be_loaded(name, source, error) from error


def _read(folder: Path) -> tuple[SamModel | Sam2Model, Any]:
    """Read model and image processor from a folder in the hub's format; the config tells SAM from SAM 2."""
    from transformers import AutoImageProcessor, PretrainedConfig, Sam2Model, SamModel

    kind = PretrainedConfig.get_config_dict(folder)[0].get("model_type")
    # The hub has SAM 2.1 as a video model; the part that looks at single photos is read from it.
    classes = {"sam": SamModel, "sam2": Sam2Model, "sam2_video": Sam2Model}
    if kind not in classes:
        raise ValueError(f"its config speaks of a {kind!r} model, expected SAM or SAM 2")
    model, loading = classes[kind].from_pretrained(
        folder, use_safetensors=True, local_files_only=True, dtype=torch.float32, output_loading_info=True
    )
    if loading["missing_keys"]:  # transformers would leave them at random values
        raise ValueError(f"{len(loading['missing_keys'])} of its tensors are missing")
    return model, AutoImageProcessor.from_pretrained(folder, local_files_only=True)


def _half_precision(device: torch.device) -> torch.autocast:
    """Run the encoder at half precision on a GPU; the decoder, light and exact in its points, stays float32."""
    bfloat16 = device.type != "cuda" or torch.cuda.is_bf16_supported()
    dtype = torch.bfloat16 if bfloat16 else torch.float16
    return torch.autocast(device.type, dtype, enabled=device.type == "cuda")
