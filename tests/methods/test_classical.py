import subprocess
import sys
from pathlib import Path

import pytest

import matting


@pytest.mark.parametrize("method", ["closed_form", "knn", "lbdm"])
def test_the_first_matte_without_learning_leaves_pytorch_its_threads(method):
    """Numba starts OpenMP's threads at its first call, so this needs a process of its own."""
    code = (
        f"import numpy as np, torch; from matting.methods.classical import {method}; torch.set_num_threads(1);"
        "photo = np.random.default_rng(0).integers(0, 255, (24, 24, 3), dtype=np.uint8);"
        "trimap = np.repeat(np.array([0, 128, 255], np.uint8), 8)[:, None].repeat(24, axis=1);"
        f"{method}(photo, trimap); assert torch.get_num_threads() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(matting.__file__).parents[1])
