"""Weights on disk: one safetensors file per network, its configuration in the file's metadata.

A folder of weights holds `tgn.safetensors` and `spamattnet.safetensors`; so does a repository on the hub.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from matting.files import ASSETS, write_whole
from matting.images.decoding import MAX_PIXELS
from matting.networks.clicknet import ClickNet, ClickNetConfig
from matting.networks.deeplab import DeepLabV2, DeepLabV2Config, DeepLabV3, DeepLabV3Config
from matting.networks.spamattnet import SPAMattNet, SPAMattNetConfig
from matting.networks.tgn import TGN, TGNConfig

BUNDLED = ASSETS / "weights" / "small"
FILES = {"tgn": "tgn.safetensors", "spamattnet": "spamattnet.safetensors"}
MOST_CHANNELS, MOST_BLOCKS = 8192, 64
"""More of them no configuration has; a file that says so would only keep the machine busy."""

WIDE = 512
"""Up to so many channels a network is built in seconds, whatever its file holds."""

NETWORKS: dict[str, tuple[type[nn.Module], type]] = {
    "TGN": (TGN, TGNConfig),
    "SPAMattNet": (SPAMattNet, SPAMattNetConfig),
    "DeepLabV2": (DeepLabV2, DeepLabV2Config),
    "DeepLabV3": (DeepLabV3, DeepLabV3Config),
    "ClickNet": (ClickNet, ClickNetConfig),
}
Network = TGN | SPAMattNet | DeepLabV2 | DeepLabV3 | ClickNet


def save_weights(network: Network, path: str | Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network's weights and configuration to one file, whole or not at all.

    Floating-point tensors are stored as `dtype`; float16 halves the file and costs less than 1e-3 in alpha.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: (tensor.detach().to("cpu", dtype) if tensor.is_floating_point() else tensor.cpu()).contiguous()
        for name, tensor in network.state_dict().items()
    }
    metadata = {"network": type(network).__name__, "config": json.dumps(asdict(network.config))}
    # The library's own writer makes files that nobody else may read.
    write_whole(path, save(tensors, metadata))


def load_weights(path: str | Path) -> Network:
    """Build the network that a file describes and fill it with the file's weights, float32, in eval mode.

    Raises:
        ValueError: where the file is missing, is no safetensors file, or describes no network of ours.
    """
    tensors, metadata = _read(Path(path))
    if metadata.get("network") not in NETWORKS:
        raise ValueError(f"{path} holds no network of TriMatte; name a file that save_pretrained wrote.")
    try:
        network = _build(metadata, tensors)
        network.load_state_dict(tensors)
    except (AttributeError, TypeError, KeyError, ValueError, RuntimeError, AssertionError) as error:
        # A configuration of another release can fail anywhere in the constructors.
        raise ValueError(
            f"{path} does not fit this version's {metadata['network']}; get weights that match this release."
        ) from error
    return network.eval()


def _build(metadata: dict[str, str], tensors: dict[str, torch.Tensor]) -> Network:
    """Build the network that a file describes; one that would be large, only once the file is found to hold it."""
    network_class, config_class = NETWORKS[metadata["network"]]
    values = json.loads(metadata["config"])
    widest = _check_numbers(values)
    config_class(**values)  # raises TypeError for a field that there is not, which the next line would pass over
    config = TypeAdapter(config_class).validate_python(values)
    if widest > WIDE:
        with torch.device("meta"):  # shapes without numbers
            shapes = {name: tensor.shape for name, tensor in network_class(config).state_dict().items()}
        if shapes != {name: tensor.shape for name, tensor in tensors.items()}:
            raise ValueError("the tensors are not those of the configuration")
    return network_class(config)


def _check_numbers(config: dict[str, object]) -> float:
    """Refuse numbers that no configuration has, before anything is built of them; returns the largest width."""
    widest = 0
    for name, value in config.items():
        most = {"enlarged": MAX_PIXELS}.get(name, MOST_BLOCKS if name.endswith("blocks") else MOST_CHANNELS)
        numbers = [
            number for number in (value if isinstance(value, list) else [value]) if isinstance(number, int | float)
        ]
        if not all(0 <= number <= most for number in numbers):
            raise ValueError(f"{name} cannot be {value}")
        widest = max(widest, 0 if name == "enlarged" else max(numbers, default=0))
    return widest


def fingerprint(networks: dict[str, nn.Module]) -> str:
    """SHA-256, in hexadecimal, of networks' configurations and weights, whatever file they came from.

    Two files have one fingerprint if they load to the same float32 numbers.
    """
    digest = hashlib.sha256()
    for name, network in sorted(networks.items()):
        digest.update(f"{name} {json.dumps(asdict(network.config), sort_keys=True)}".encode())
        for key, tensor in sorted(network.state_dict().items()):
            plain = tensor.detach().cpu().contiguous()
            digest.update(f"{key} {plain.dtype} {tuple(plain.shape)}".encode())
            digest.update(plain.numpy().tobytes())
    return digest.hexdigest()


def load_pair(folder: Path) -> dict[str, TGN | SPAMattNet]:
    """Load a folder's networks by their names in `FILES`.

    Raises:
        ValueError: as `load_weights`, and where a file holds the other network.
    """
    networks = {name: load_weights(folder / file) for name, file in FILES.items()}
    for name, network in networks.items():
        if type(network).__name__.lower() != name:
            raise ValueError(
                f"{folder / FILES[name]} holds weights of {type(network).__name__}; give each network its own."
            )
    return networks


def load_network_weights(network: nn.Module, path: str | Path) -> None:
    """Fill an existing network from a file of the same configuration.

    Raises:
        ValueError: where a tensor is missing, left over, or of another shape.
    """
    tensors, _ = _read(Path(path))
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{path} holds weights of another configuration than {type(network).__name__}'s.") from error


def find_folder(source: str | Path | None) -> Path:
    """Find a folder of weights: the bundled one for None, a local folder, or a download of a hub repository.

    Raises:
        ValueError: where neither can be had, with what to do.
    """
    if source is None:
        if not BUNDLED.is_dir():
            raise ValueError(
                "The bundled weights are not beside the package; name a folder of weights or a hub repository instead."
            )
        return BUNDLED
    if str(source) and Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(str(source), allow_patterns=[*FILES.values(), "*.md"]))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ValueError(
            f"{source} is neither a folder nor a hub repository that can be reached; check the name and the network."
        ) from error


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:  # by the kind of the lie
        raise ValueError(f"{path} is missing or is no safetensors file; name a file of weights.") from error
    tensors = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise ValueError(f"{path} holds numbers that are not finite; training went wrong, or the file is damaged.")
    return tensors, metadata
