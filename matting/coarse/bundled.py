"""Where the weights that ship with the project lie."""

from matting.files import ASSETS

CLICKS = ASSETS / "weights" / "clicks" / "clicks.safetensors"
"""ClickNet's, trained here."""

U2NETP = ASSETS / "weights" / "u2netp"
"""The folder of U2NetP's official ones, float16, laid out as on the hub."""
