"""`make space REPO=someone/name`: uploads what a Space of the demo needs, its weights and photos included.

Whoever runs it has to be logged in (`hf auth login`); large files go where the hub keeps them by themselves.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    "README.md",
    "LICENSE",
    "requirements.txt",
    "demo_app.py",
    "matting/**",
    "assets/screenshot.jpg",
    "assets/backgrounds/**",
    "assets/examples/**",
    "assets/weights/**",
)
"""Patterns of the files below the repository's root that the demo runs from."""

NEVER = ("**/__pycache__/**", "**/*.pyc")


def upload(repository: str, api: Any, root: Path = ROOT) -> str:
    """Make a Space if there is none, upload what it needs, and return its address.

    Args:
        repository: "someone/name" on the hub.
        api: a `huggingface_hub.HfApi`.
        root: the repository's folder.

    Raises:
        ValueError: If the name is none, or a file that the Space needs is missing.
    """
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise ValueError(f"A Space is named someone/name, got {repository!r}.")
    if missing := [pattern for pattern in NEEDED if not any(root.glob(pattern))]:
        raise ValueError(f"The Space needs {', '.join(missing)}, which {root} has not got.")
    address = api.create_repo(repository, repo_type="space", space_sdk="gradio", exist_ok=True)
    api.upload_folder(
        repo_id=repository,
        repo_type="space",
        folder_path=root,
        allow_patterns=list(NEEDED),
        ignore_patterns=list(NEVER),
        commit_message="Upload TriMatte",
    )
    return str(address)


def main(arguments: list[str] | None = None) -> None:
    """Upload to the Space that is named on the command line."""
    from huggingface_hub import HfApi

    parser = argparse.ArgumentParser(
        prog="python -m matting.commands.space", description=upload.__doc__.splitlines()[0]
    )
    parser.add_argument("repository", help="someone/name on the hub")
    try:
        print(upload(parser.parse_args(arguments).repository, HfApi()))
    except (OSError, ValueError) as error:  # the hub's own errors are OSErrors
        parser.error(str(error).strip().split("\n")[0])


if __name__ == "__main__":
    main()
