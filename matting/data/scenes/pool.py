"""A pool of scenes on disk for ClickNet, with what its published networks saw in each.

`NNNNNN.png` is the view, `NNNNNN_labels.png` holds objects, parts and whether they stand out in its three planes,
`NNNNNN.safetensors` the fields of `matting.networks.clicknet.Seen`, float16: seeing costs more than learning from it.
Scene i depends on (seed, i) and the files alone, so that a pool can be interrupted and continued.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor
from tqdm import tqdm

from matting.coarse.u2net import load_u2net
from matting.data.layouts.files import some
from matting.data.pools.pool import decode
from matting.data.scenes.compose import Scene, SceneFiles, draw_scene
from matting.data.tensors import colours
from matting.files import write_whole
from matting.inference.whole_photo import fast_dtype
from matting.networks.backbones.efficientnet import published_weights
from matting.networks.clicknet import ClickNet, ClickNetConfig, Seen

PATTERN = "[0-9]" * 6 + ".safetensors"  # written last: a scene that has it is whole


def find_files(
    subjects: Iterable[str], foregrounds: Iterable[Path], photos: Iterable[Path], held_out: Sequence[str]
) -> SceneFiles:
    """Find what scenes are made of.

    Args:
        subjects: PHOTOS:MASKS, two folders of one subject a photo and its mask of the same name.
        foregrounds: folders with `image/` and `alpha/`, or of pictures with transparency.
        photos: folders of backgrounds.
        held_out: endings of the names of photos, without suffix, that are left out everywhere.

    Raises:
        ValueError: where a folder is missing or empty, or a photo of a mask is.
    """
    pairs, cutouts = find_subjects(subjects, foregrounds, held_out)
    backgrounds = [path for folder in photos for path in kept(some(folder), held_out).values()]
    if not pairs or not backgrounds:
        raise ValueError("Scenes need subjects with masks and photos as backgrounds; give --subjects and --photos.")
    return SceneFiles(pairs, cutouts, backgrounds)


def find_subjects(
    subjects: Iterable[str], foregrounds: Iterable[Path], held_out: Sequence[str]
) -> tuple[list[tuple[Path, Path]], list[tuple[Path, Path]]]:
    """Find photographs with their masks, and cutouts with their alphas; arguments and errors as of `find_files`."""
    pairs, cutouts = [], []
    for spec in subjects:
        pictures, _, masks = spec.partition(":")
        pairs += _pairs(kept(some(Path(masks)), held_out), some(Path(pictures)), Path(pictures))
    for folder in foregrounds:
        if not (folder / "image").is_dir():
            cutouts += [(picture, picture) for picture in some(folder).values()]
            continue
        alphas = some(folder / "alpha")
        cutouts += [(colour, alpha) for alpha, colour in _pairs(alphas, some(folder / "image"), folder / "image")]
    return [(photo, mask) for mask, photo in pairs], cutouts


def kept(found: dict[str, Path], held_out: Sequence[str]) -> dict[str, Path]:
    """Leave out pictures whose name, without suffix, has one of some endings."""
    return {name: path for name, path in found.items() if not name.endswith(tuple(held_out))}


def _pairs(first: dict[str, Path], second: dict[str, Path], folder: Path) -> list[tuple[Path, Path]]:
    if missing := first.keys() - second.keys():
        raise ValueError(f"{folder} holds no picture named {min(missing)}.")
    return [(path, second[name]) for name, path in first.items()]


def beginner(config: ClickNetConfig) -> ClickNet:
    """Make a ClickNet whose published networks are filled, and the rest is untrained."""
    network = ClickNet(config)
    network.salient.load_state_dict(load_u2net("u2netp").network.state_dict())
    network.encoder.load_imagenet(published_weights())
    return network.eval().to(memory_format=torch.channels_last)


def fill(folder: Path, files: SceneFiles, network: ClickNet, numbers: range, seed: int = 0, batch: int = 4) -> None:
    """Write the scenes of some numbers, skipping those present and those without an object."""
    folder.mkdir(parents=True, exist_ok=True)
    todo = [number for number in numbers if not (folder / f"{number:06d}.safetensors").exists()]
    in_half = fast_dtype(torch.device("cpu")) == torch.bfloat16
    for first in tqdm(range(0, len(todo), batch), unit=f"{batch} scenes"):
        drawn = {number: draw_scene(files, seed, number, network.config.side) for number in todo[first : first + batch]}
        drawn = {number: scene for number, scene in drawn.items() if scene.objects.any()}
        if not drawn:
            continue
        views = torch.stack([colours(scene.image) for scene in drawn.values()])
        with torch.autocast("cpu", torch.bfloat16, enabled=in_half):
            seen = network.see(views.contiguous(memory_format=torch.channels_last))
        for place, (number, scene) in enumerate(drawn.items()):
            write_scene(folder, number, scene, Seen(*(field[place].half() for field in seen)))


def write_scene(folder: Path, number: int, scene: Scene, seen: Seen) -> None:
    """Write a scene, whole or not at all."""
    labels = np.dstack([scene.objects, scene.parts, np.full_like(scene.parts, 255 * scene.salient)])
    for name, picture in ((f"{number:06d}.png", scene.image[..., ::-1]), (f"{number:06d}_labels.png", labels)):
        done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 2])
        if not done:
            raise ValueError(f"The scene {name} could not be encoded as PNG; its shape is {picture.shape}.")
        write_whole(folder / name, data.tobytes())
    write_whole(
        folder / f"{number:06d}.safetensors", save({name: t.contiguous() for name, t in seen._asdict().items()})
    )


def read_scenes(folder: Path) -> list[Path]:
    """List the scenes of a pool, by their files of what was seen; ValueError where it holds none."""
    paths = sorted(folder.glob(PATTERN))
    if not paths:
        raise ValueError(f"A pool of scenes was expected, but {folder} holds none; fill it first.")
    return paths


def read_scene(path: Path) -> tuple[Scene, dict[str, Tensor]]:
    """Read a scene and what was seen in it, float16, by the names of `Seen`."""
    image = np.ascontiguousarray(decode(path.with_suffix(".png"), cv2.IMREAD_COLOR)[..., ::-1])
    labels = decode(path.with_name(f"{path.stem}_labels.png"), cv2.IMREAD_COLOR)
    return Scene(image, labels[..., 0], labels[..., 1], bool(labels[0, 0, 2])), load_file(path)
