"""Several masks for one click are named by how they lie in each other."""

from __future__ import annotations

import numpy as np
from app_cases import disc

from matting.app.pick.candidates import name_candidates


def masks(*inside: np.ndarray) -> np.ndarray:
    return np.stack([mask.astype(np.uint8) * 255 for mask in inside])


def test_a_mask_within_another_is_its_part_in_whatever_order_they_come():
    assert name_candidates(masks(disc(30), disc(12))) == ["The whole", "A part"]
    assert name_candidates(masks(disc(12), disc(30), disc(5))) == ["A part", "The whole", "A part 2"]


def test_masks_beside_each_other_are_no_parts():
    left = np.zeros((40, 60), bool)
    left[:, :20] = True
    assert name_candidates(masks(left, left[:, ::-1])) == ["Another", "Another 2"]
    assert name_candidates(masks(left, np.zeros_like(left))) == ["Another", "Another 2"]
