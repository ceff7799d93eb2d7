"""A matte's files, and what is read back from them: nothing else of a matte is kept at full size."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from matting.app.parts import served_files
from matting.app.parts.drawing import shrink
from matting.app.session.stages import Matte, Photo
from matting.app.session.trimap_edit import TrimapEdit
from matting.compositing import blend, cutout, estimate_foreground, find_shadow, under
from matting.images import write_alpha, write_png
from matting.replay.recipe import Recipe


def keep_matte(
    photo: Photo, trimap: TrimapEdit, alpha: np.ndarray, recipe: Recipe | None = None, freed: bool = True
) -> Matte:
    """Write the files of a matte, float (H, W) in [0, 1], and keep what the views need.

    `freed` says whether the cutout's colours are freed from the old background or are the photo's own.
    """
    foreground = estimate_foreground(photo.image, alpha)
    matte = Matte(
        alpha_file=_keep_alpha(photo, alpha),
        cutout_file="",
        trimap_file=served_files.keep(lambda path: write_png(path, trimap.values), f"{photo.name}_trimap.png"),
        foreground_file=served_files.keep(lambda path: write_png(path, foreground), f"{photo.name}_foreground.png"),
        recipe_file=_keep_recipe(recipe, photo) if recipe else None,
        foreground=np.empty(0),
        alpha=shrink(alpha),
        shown=np.empty(0),
        made_from=trimap.stamp,
        brushed=trimap.brushed,
        along=photo.along,
    )
    return _with_colours(matte, photo, foreground if freed else photo.image, alpha)


def recolour(matte: Matte, photo: Photo, freed: bool) -> Matte:
    """Return the matte with a cutout in freed colours or in the photo's own."""
    colours = read_pixels(matte.foreground_file) if freed else photo.image
    return _with_colours(matte, photo, colours, read_alpha(matte))


def with_own_colours(matte: Matte, photo: Photo, colours: np.ndarray) -> Matte:
    """Return the matte with the visitor's own foreground layer, uint8 (H, W, 3), and a cutout in its colours."""
    layer = served_files.keep(lambda path: write_png(path, colours), f"{photo.name}_foreground.png")
    return _with_colours(replace(matte, foreground_file=layer), photo, colours, read_alpha(matte))


def on_shadow(matte: Matte, photo: Photo, freed: bool, kept: bool) -> Matte:
    """Return the matte with a cutout on the shadow that the object casts, or without it.

    Raises:
        ValueError: If no shadow can be told from the background.
    """
    shadow_file = _keep_shadow(photo, read_alpha(matte)) if kept else None
    return recolour(replace(matte, shadow_file=shadow_file), photo, freed)


def telling(matte: Matte, photo: Photo) -> Matte:
    """Return the matte with files that tell what goes along from the photo's file now."""
    alpha_file = _keep_alpha(photo, read_alpha(matte))
    cutout_file = _keep_cutout(photo, read_pixels(matte.cutout_file))
    return replace(matte, alpha_file=alpha_file, cutout_file=cutout_file, along=photo.along)


def read_alpha(matte: Matte) -> np.ndarray:
    """Return alpha at the photo's size, float32 (H, W) in [0, 1], exact to 1/65535."""
    return read_alpha_file(matte.alpha_file)


def read_alpha_file(path: str) -> np.ndarray:
    """Return what such a file holds, as `read_alpha` does."""
    return read_pixels(path).astype(np.float32) / 65535


def read_pixels(path: str) -> np.ndarray:
    """Return the pixels of one of a matte's files, as they are."""
    with Image.open(path) as picture:
        return np.asarray(picture)


def compose_whole(matte: Matte, behind: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Lay the cutout file over what `behind` makes of its alpha, floats (H, W): RGB uint8 (H, W, 3)."""
    layers = read_pixels(matte.cutout_file)
    alpha = layers[:, :, 3] / np.float32(255)
    return blend(np.ascontiguousarray(layers[:, :, :3]), behind(alpha), alpha)


def pack(matte: Matte, photo: Photo, composite: str | None) -> str:
    """Return the path of a ZIP with all files of a matte, and the composite if there is one."""
    parts = [matte.cutout_file, matte.alpha_file, matte.trimap_file, matte.foreground_file]
    parts += [path for path in (matte.shadow_file, matte.recipe_file, composite) if path]

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # PNGs are compressed already
            for part in parts:
                archive.write(part, Path(part).name)

    return served_files.keep(write, f"{photo.name}.zip")


def _keep_alpha(photo: Photo, alpha: np.ndarray) -> str:
    return served_files.keep(lambda path: write_alpha(path, alpha, photo.told), f"{photo.name}_alpha.png")


def _keep_cutout(photo: Photo, pixels: np.ndarray | Image.Image) -> str:
    return served_files.keep(lambda path: write_png(path, pixels, photo.told), f"{photo.name}_cutout.png")


def _keep_shadow(photo: Photo, alpha: np.ndarray) -> str:
    opacity = np.rint(find_shadow(photo.image, alpha) * 255).astype(np.uint8)
    return served_files.keep(lambda path: write_png(path, opacity), f"{photo.name}_shadow.png")


def _keep_recipe(recipe: Recipe, photo: Photo) -> str:
    text = recipe.to_json()
    return served_files.keep(lambda path: path.write_text(text, encoding="utf-8"), f"{photo.name}_recipe.json")


def _with_colours(matte: Matte, photo: Photo, colours: np.ndarray, alpha: np.ndarray) -> Matte:
    if matte.shadow_file:
        colours, alpha = under(colours, alpha, read_pixels(matte.shadow_file) / np.float32(255))
    file = _keep_cutout(photo, cutout(colours, alpha))
    return replace(matte, cutout_file=file, foreground=shrink(colours), shown=shrink(alpha))
