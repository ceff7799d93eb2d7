"""What all tests share: fixed seeds, repeatable Hypothesis runs, and the way to the shared data."""

import os
import random
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # a worker for each core; two that share all cores slow each other down
    os.environ["OMP_NUM_THREADS"] = "1"

# Derived from each test's own code, the examples are the same on every machine, and no database is kept.
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, max_examples=50)
hypothesis.settings.load_profile("repeatable")

LONGEST = ("test_notebooks.py", "browser")
"""Files and folders that begin first, so that no worker is at work long after the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files in front."""
    items.sort(key=lambda item: not {item.path.name, item.path.parent.name} & {*LONGEST})


@pytest.fixture(scope="session")
def shared_data() -> Path | None:
    """Return the folder of real photos, or None where it is absent; tests then use generated data."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TRIMATTE_SHARED_DATA", beside))
    return folder if folder.is_dir() else None


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """Seed every global generator; torch's only where the test's module has imported torch."""
    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True)
def no_results_outside(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `evaluate` keep its results in a folder of the test's own."""
    monkeypatch.setenv("TRIMATTE_CACHE", str(tmp_path_factory.getbasetemp() / "results"))


@pytest.fixture
def vitmatte_folder(tmp_path: Path) -> Path:
    """Save a tiny ViTMatte; nothing that was loaded before is remembered."""
    from vitmatte_cases import save_tiny_vitmatte

    from matting.methods.vitmatte import load_vitmatte

    load_vitmatte.cache_clear()
    return save_tiny_vitmatte(tmp_path / "vitmatte")
