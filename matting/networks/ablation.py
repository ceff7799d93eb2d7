"""Table IV's networks: SPAMattNet without some of its parts, as changes of its configuration or of its loss."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from matting.networks.spamattnet import SPAMattNetConfig

PARTS: Mapping[str, Mapping[str, bool | int]] = {
    "gpa": {"gpa": False},
    "lspa": {"lspa": False},
    "cfc": {"cfc": False},
    "rm": {"refinement_width": 0},
    "l_hard": {},
}
"""Each part, and what of the configuration changes without it; L_hard (Eq. 12) is of the loss, whose weight is 0."""

ROWS: Mapping[str, tuple[str, ...]] = {
    "without GPA, LSPA and CFC": ("gpa", "lspa", "cfc"),
    "without GPA": ("gpa",),
    "without LSPA and CFC": ("lspa", "cfc"),
    "without CFC": ("cfc",),
    "without RM": ("rm",),
    "without L_hard": ("l_hard",),
    "SPAMattNet": (),
}
"""The rows of Table IV and the parts that each lacks; Table VI's "w/o RM" is the fifth."""


def without(config: SPAMattNetConfig, parts: Collection[str]) -> SPAMattNetConfig:
    """Take parts out of a configuration.

    Raises:
        ValueError: where there is no such part.
    """
    for part in parts:
        if part not in PARTS:
            raise ValueError(f"SPAMattNet's parts are {', '.join(PARTS)}, but {part} was to be left out.")
        config = replace(config, **PARTS[part])
    return config
