"""Table IV's networks: SPAMattNet without one part each, as changes of its configuration and of its loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from matting.networks.spamattnet import SPAMattNetConfig

ABLATIONS: Mapping[str, Mapping[str, bool | int]] = {
    "without GPA, LSPA and CFC": {"gpa": False, "lspa": False, "cfc": False},
    "without GPA": {"gpa": False},
    "without LSPA and CFC": {"lspa": False, "cfc": False},
    "without CFC": {"cfc": False},
    "without RM": {"refinement_width": 0},
    "without L_hard": {},
    "SPAMattNet": {},
}
"""The rows of Table IV, and what of the configuration changes; Table VI's "w/o RM" is the fifth."""

WITHOUT_HARD = "without L_hard"
"""The row whose loss has no L_hard (Eq. 12): its weight in training is 0."""


def ablated(config: SPAMattNetConfig, row: str) -> SPAMattNetConfig:
    """Take a part out of a configuration.

    Raises:
        ValueError: where Table IV has no such row.
    """
    if row not in ABLATIONS:
        raise ValueError(f"Table IV's rows are {'; '.join(ABLATIONS)}, but {row!r} was asked for.")
    return replace(config, **ABLATIONS[row])
