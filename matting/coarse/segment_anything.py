"""SAM from an official checkpoint file, by the segment_anything package (Kirillov et al., 2023).

The same network as `matting.coarse.sam` loads from the hub, for those who have `sam_vit_b_01ec64.pth` on disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from matting.coarse.checkpoint import differences, read_tensors
from matting.coarse.hub import cannot_be_loaded
from matting.coarse.prompts import CoarseMasks, Prompts, SegmenterUnavailable
from matting.coarse.sam import SamEmbedding, enlarge_logits

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

KINDS = {768: "vit_b", 1024: "vit_l", 1280: "vit_h"}
"""The official networks by the width of their image encoder, which a checkpoint shows."""

WIDTH_OF = "image_encoder.patch_embed.proj.weight"


class SegmentAnything:
    """SAM as its authors built it; see `load_segment_anything`."""

    name = "segment-anything"

    def __init__(self, model: Sam) -> None:
        """Wrap a model, which is put in evaluation mode."""
        self.model = model.eval()

    @torch.no_grad()
    def embed(self, image: np.ndarray) -> SamEmbedding:
        """Run the image encoder on a photo, RGB uint8 (H, W, 3)."""
        from segment_anything.utils.transforms import ResizeLongestSide

        side = self.model.image_encoder.img_size
        resized = ResizeLongestSide(side).apply_image(image)
        pixels = torch.from_numpy(resized.transpose(2, 0, 1).copy())[None].to(self.model.device)
        features = self.model.image_encoder(self.model.preprocess(pixels))
        return SamEmbedding((features.float().cpu(),), image.shape[:2], resized.shape[:2], (side, side))

    @torch.no_grad()
    def segment(self, embedding: SamEmbedding, prompts: Prompts) -> CoarseMasks:
        """Return SAM's three candidates with the IoUs it predicts; without + point or box, a centred box asks.

        Raises:
            ValueError: If the prompts do not fit the photo.
        """
        prompts = prompts.checked(embedding.size).or_centred(embedding.size)
        points, box = self._encode(prompts, embedding)
        sparse, dense = self.model.prompt_encoder(points=points, boxes=box, masks=None)
        logits, scores = self.model.mask_decoder(
            image_embeddings=embedding.features[0].to(self.model.device),
            image_pe=self.model.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
        )
        masks = enlarge_logits(logits.float().cpu(), embedding).sigmoid()
        return CoarseMasks.ranked(masks[0].numpy(), scores[0].float().cpu().numpy())

    def _encode(self, prompts: Prompts, embedding: SamEmbedding) -> tuple[tuple[Tensor, Tensor] | None, Tensor | None]:
        """Scale the prompts to the network's input: points (1, N, 2) with labels (1, N), and a box (1, 4)."""
        (height, width), (new_height, new_width) = embedding.size, embedding.resized
        scale = torch.tensor([new_width / width, new_height / height], dtype=torch.float64)
        device, points, box = self.model.device, None, None
        if prompts.points:
            given = torch.tensor(prompts.points, dtype=torch.float64)
            points = ((given[:, :2] * scale)[None].float().to(device), given[None, :, 2].int().to(device))
        if prompts.box is not None:
            corners = torch.tensor(prompts.box, dtype=torch.float64).view(2, 2) * scale
            box = corners.view(1, 4).float().to(device)
        return points, box


def load_segment_anything(source: str | Path, *, device: str | torch.device = "cpu") -> SegmentAnything:
    """Load an official checkpoint file; whether it is ViT-B, ViT-L or ViT-H is read off it.

    Raises:
        SegmenterUnavailable: If the file or the device is not available, or the file holds another network.
    """
    path = Path(source)
    if not path.is_file():
        raise SegmenterUnavailable(
            f"There is no checkpoint file {source} for segment-anything; choose GrabCut, or name another file."
        )
    try:
        return SegmentAnything(_build(read_tensors(path)).to(device))
    except Exception as error:  # damaged files make torch raise almost anything
        raise cannot_be_loaded(SegmentAnything.name, source, error) from error


def _build(tensors: dict[str, Tensor]) -> Sam:
    from segment_anything import sam_model_registry

    width = len(tensors.get(WIDTH_OF, ()))
    if width not in KINDS:
        raise ValueError(f"it holds no SAM with an image encoder {' or '.join(map(str, KINDS))} channels wide")
    # The builder's own loading would unpickle the file, so it gets none.
    model = sam_model_registry[KINDS[width]](checkpoint=None)
    if wrong := differences(model, tensors):
        raise ValueError(f"it holds another network than SAM {KINDS[width]}: {', '.join(wrong)}")
    model.load_state_dict(tensors)
    return model
