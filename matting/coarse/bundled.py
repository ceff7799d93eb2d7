"""Where the weights lie that ship with the project."""

from matting.files import ASSETS

CLICKS = ASSETS / "weights" / "clicks" / "clicks.safetensors"
"""ClickNet's, trained here."""

U2NETP = ASSETS / "weights" / "u2netp" / "u2netp.safetensors"
"""U2NetP's official ones, float16."""
