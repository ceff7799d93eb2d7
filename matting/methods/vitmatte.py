"""ViTMatte (Yao et al., 2024) through transformers: a trimap-needed network to stand beside ours on the same pixels."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

CHECKPOINT = "hustvl/vitmatte-small-composition-1k"
"""Hub repository of its authors' small network, trained on Adobe's data as the paper's is."""
FILES = ("config.json", "preprocessor_config.json", "model*.safetensors*")


class ViTMatte:
    """A ViTMatte in evaluation mode; call it with a photo and a trimap. See `load_vitmatte`.

    Attributes:
        digest: tells its weights from others.
    """

    def __init__(self, folder: Path, device: str | torch.device) -> None:
        from transformers import VitMatteForImageMatting, VitMatteImageProcessor

        self.processor = VitMatteImageProcessor.from_pretrained(folder, local_files_only=True)
        network, loading = VitMatteForImageMatting.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
        if loading["missing_keys"]:  # transformers would leave them at random values
            raise ValueError(f"{len(loading['missing_keys'])} of its tensors are missing")
        self.network = network.to(device).eval()
        files = sorted(folder.glob("model*.safetensors"))
        self.digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]

    @torch.inference_mode()
    def __call__(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Alpha float32 (H, W) in [0, 1] from uint8 (H, W, 3) and a trimap uint8 (H, W) in {0, 128, 255}."""
        height, width = trimap.shape
        inputs = self.processor(images=image, trimaps=trimap, input_data_format="channels_last", return_tensors="pt")
        alphas = self.network(inputs["pixel_values"].to(self.network.device)).alphas
        return alphas[0, 0, :height, :width].float().clamp(0, 1).cpu().numpy()


@lru_cache(maxsize=1)
def load_vitmatte(source: str | None = None, device: str | None = None) -> ViTMatte:
    """Load ViTMatte from a local folder in the hub's format or a hub repository, by default CHECKPOINT.

    Weights are read from safetensors, never unpickled.

    Raises:
        ValueError: where they are not available.
    """
    source = source or CHECKPOINT
    try:
        return ViTMatte(_find(source), device or "cpu")
    except Exception as error:  # damaged files and absent networks make these libraries raise almost anything
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise ValueError(
            f"ViTMatte's weights cannot be loaded from {source} ({type(error).__name__}: {reason}); "
            "give a folder that holds them in the hub's format, or a hub repository that can be reached."
        ) from error


def _find(source: str) -> Path:
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(source, allow_patterns=list(FILES), etag_timeout=4.0))
