"""Upload the demo with its photos and its or your weights to a Space of Hugging Face: `make space REPO=someone/name`.

Log in first (`hf auth login`). The hub's client stores large files as the hub wants them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from matting.commands import UsageError

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    "README.md",
    "LICENSE",
    "requirements.txt",
    "demo_app.py",
    "matting/**",
    "docs/**",
    "assets/screenshot.jpg",
    "assets/backgrounds/**",
    "assets/examples/**",
    "assets/weights/**",
)
"""Patterns of the files below the repository's root that the demo runs from."""

NEVER = ("**/__pycache__/**", "**/*.pyc")


PLACE = "assets/weights/small"
"""Where the demo has its weights."""


def upload(repository: str, api: Any, root: Path = ROOT, weights: Path | str | None = None) -> str:
    """Make a Space if there is none, upload what it needs, and return its address.

    Args:
        repository: "someone/name" on the hub.
        api: a `huggingface_hub.HfApi`.
        root: the repository's folder.
        weights: a folder of weights of one's own, as `save_pretrained` writes it; by default the bundled ones.

    Raises:
        ValueError: If the name is none, a file that the Space needs is missing, or the weights do not fit.
    """
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise ValueError(f"A Space is named someone/name, got {repository!r}.")
    if missing := [pattern for pattern in NEEDED if not any(root.glob(pattern))]:
        raise ValueError(f"The Space needs {', '.join(missing)}, which {root} has not got.")
    if weights is not None:
        from matting.networks.weights import load_pair

        load_pair(Path(weights))  # a Space that cannot start is found out here
    address = api.create_repo(repository, repo_type="space", space_sdk="gradio", exist_ok=True)
    api.upload_folder(
        repo_id=repository,
        repo_type="space",
        folder_path=root,
        allow_patterns=list(NEEDED),
        ignore_patterns=list(NEVER),
        commit_message="Upload TriMatte",
    )
    if weights is not None:
        api.upload_folder(
            repo_id=repository,
            repo_type="space",
            folder_path=Path(weights),
            path_in_repo=PLACE,
            allow_patterns=["*.safetensors"],
            commit_message="Upload weights",
        )
    return str(address)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `space`."""
    parser = subparsers.add_parser("space", help="upload the demo to a Space of Hugging Face", description=__doc__)
    parser.add_argument("repository", help="someone/name on the hub")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="weights of your own instead of the bundled ones")


def run(args: argparse.Namespace) -> int:
    """Upload to the Space that is named; returns the exit status."""
    from huggingface_hub import HfApi

    try:
        print(upload(args.repository, HfApi(), weights=args.weights))
    except (OSError, ValueError) as error:  # the hub's own errors are OSErrors
        raise UsageError(str(error).strip().split("\n")[0]) from error
    return 0
