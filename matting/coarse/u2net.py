"""U2Net as a segmenter: it finds the salient object without a prompt; clicks and boxes choose among its parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from matting.coarse.bundled import U2NETP
from matting.coarse.checkpoint import differences, read_tensors
from matting.coarse.hub import cannot_be_loaded, fetch
from matting.coarse.parts import choose_parts, expected_iou
from matting.coarse.prompts import CoarseMasks, Prompts
from matting.networks.backbones.u2net import CONFIGS, SIDE, U2Net, stretch
from matting.networks.tensors import to_tensor

CHECKPOINTS = {"u2net": "netradrishti/u2net-saliency", "u2netp": str(U2NETP)}
"""Where the official files are: U2NetP's in a folder, U2Net's, it is said, in a hub repository that nobody here could
look into."""


@dataclass(frozen=True, eq=False)
class Saliency:
    """What U2Net saw of one photo: its saliency, float32 (SIDE, SIDE) in [0, 1], and the photo's (height, width)."""

    values: np.ndarray
    size: tuple[int, int]


class SalientObject:
    """U2Net or U2NetP; see `load_u2net`."""

    def __init__(self, name: str, network: U2Net) -> None:
        """Wrap a network, which is put in evaluation mode."""
        self.name = name
        self.network = network.eval()

    @torch.no_grad()
    def embed(self, image: np.ndarray) -> Saliency:
        """Run the network on a photo, RGB uint8 (H, W, 3)."""
        pixels = to_tensor(image).to(next(self.network.parameters()).device)
        square = functional.interpolate(pixels, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
        saliency = stretch(self.network(square)[0].float())
        return Saliency(saliency[0, 0].cpu().numpy(), image.shape[:2])

    def segment(self, embedding: Saliency, prompts: Prompts) -> CoarseMasks:
        """Return one mask: everything salient, or the parts of it that the prompts choose.

        The score is the expected IoU if the saliency were a probability.

        Raises:
            ValueError: If the prompts do not fit the photo.
        """
        prompts = prompts.checked(embedding.size)
        height, width = embedding.size
        whole = cv2.resize(embedding.values, (width, height), interpolation=cv2.INTER_LINEAR)
        mask = choose_parts(whole, prompts)
        return CoarseMasks(mask[None], np.array([expected_iou(whole, mask)], np.float32))


def load_u2net(
    name: str = "u2net", *, source: str | Path | None = None, device: str | torch.device = "cpu"
) -> SalientObject:
    """Load U2Net or U2NetP from a file (.pth or .safetensors), a folder or a hub id.

    In a folder or repository a file named after the network comes first, then the only safetensors file. Pickled files
    are read with `weights_only=True`, so they can run nothing.

    Raises:
        SegmenterUnavailable: If the weights or the device are not available, or the weights belong to another network.
    """
    source = str(source or CHECKPOINTS[name])
    path = Path(source)
    if not path.exists():
        files = (f"{name}.pth", "*.safetensors")
        path = fetch(name, source, files, files)
    try:
        path = _only_file(path, name) if path.is_dir() else path
        network = U2Net(CONFIGS[name])
        _fill(network, read_tensors(path), name)
        return SalientObject(name, network.to(device))
    except Exception as error:  # damaged files make torch and safetensors raise almost anything
        raise cannot_be_loaded(name, source, error) from error


def _only_file(folder: Path, name: str) -> Path:
    for named in (folder / f"{name}.safetensors", folder / f"{name}.pth"):
        if named.is_file():
            return named
    found = sorted(folder.glob("*.safetensors"))
    if len(found) != 1:
        raise ValueError(f"it holds {len(found)} safetensors files and no {name}.pth, expected one")
    return found[0]


def _fill(network: U2Net, tensors: dict[str, Tensor], name: str) -> None:
    """Copy tensors into the network; raises ValueError, with what differs in words, unless all fit."""
    wrong = differences(network, tensors)
    if not wrong:
        network.load_state_dict(tensors, strict=False)  # batch norms' counters may be missing
        return
    for other in CONFIGS.keys() - {name}:
        with torch.device("meta"):
            if not differences(U2Net(CONFIGS[other]), tensors):
                raise ValueError(f"it holds the weights of {other}, so name it {other}")
    raise ValueError(f"it holds another network than {name}: {', '.join(wrong)}")
