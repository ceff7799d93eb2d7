"""The door: files, bytes, PIL pictures and arrays become checked photos, masks and trimaps, and files again."""

from matting.images.carried import Along, Carried, carried
from matting.images.decoding import FORMATS, MAX_PIXELS, MAX_SIDE, MIN_SIDE, MissingFileError, Notices, upright_size
from matting.images.opacity import drop_transparent, hold_to, read_shown
from matting.images.reading import (
    MAX_ASPECT_ERROR,
    on_white,
    read_alpha,
    read_cutout,
    read_mask,
    read_photo,
    read_trimap,
    trimap_notices,
)
from matting.images.sources import Source
from matting.images.writing import save_png, write_alpha, write_picture, write_png

__all__ = [
    "Along",
    "Carried",
    "FORMATS",
    "MAX_ASPECT_ERROR",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MIN_SIDE",
    "MissingFileError",
    "Notices",
    "Source",
    "carried",
    "drop_transparent",
    "hold_to",
    "on_white",
    "read_alpha",
    "read_cutout",
    "read_mask",
    "read_photo",
    "read_shown",
    "read_trimap",
    "save_png",
    "trimap_notices",
    "upright_size",
    "write_alpha",
    "write_picture",
    "write_png",
]
