"""Upload the demo with its photos and its or your weights to a Space of Hugging Face: `make space REPO=someone/name`.

Log in first (`hf auth login`). The hub's client stores large files as the hub wants them. `--dry-run` uploads nothing:
it lists what would go up, and checks the README's front matter by the hub's rules.
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

NEVER = ("**/__pycache__/**", "**/*.pyc", "docs/notebooks/**")
"""What Python and `make docs` leave there."""

BESIDE = ("pillow-heif>=0.18",)
"""Packages that a Space gets beside requirements.txt: phones send HEIC pictures."""

COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
"""What the hub takes for `colorFrom` and `colorTo`."""
LONGEST_DESCRIPTION = 60
"""Characters of `short_description`."""


def listing(repository: str, root: Path = ROOT) -> list[tuple[str, int]]:
    """Return (path, bytes) of every file that an upload takes, by name, after all checks that need no network.

    Raises:
        ValueError: If the name is none, a file that the Space needs is missing, or the hub would refuse the README's
            front matter.
    """
    from huggingface_hub.utils import filter_repo_objects

    if repository.count("/") != 1 or not all(repository.split("/")):
        raise ValueError(f"A Space is named someone/name, got {repository!r}.")
    if missing := [pattern for pattern in NEEDED if not any(root.glob(pattern))]:
        raise ValueError(f"The Space needs {', '.join(missing)}, which {root} has not got.")
    check_front_matter(root)
    needed = {path for pattern in NEEDED for path in root.glob(pattern.replace("/**", "/**/*")) if path.is_file()}
    names = sorted(path.relative_to(root).as_posix() for path in needed)
    return [(name, (root / name).stat().st_size) for name in filter_repo_objects(names, ignore_patterns=list(NEVER))]


def space_requirements(root: Path = ROOT) -> str:
    """Return a Space's requirements.txt: the repository's, and `BESIDE`."""
    return "\n".join([(root / "requirements.txt").read_text(encoding="utf-8").rstrip(), *BESIDE, ""])


def check_front_matter(root: Path = ROOT) -> None:
    """Check what README.md says between its first two lines of dashes by the hub's rules for a Gradio Space.

    Raises:
        ValueError: in one sentence that names the key.
    """
    from huggingface_hub import metadata_load

    said = metadata_load(root / "README.md") or {}
    if lacking := [key for key in ("title", "emoji", "sdk", "sdk_version", "app_file") if not said.get(key)]:
        raise ValueError(f"README.md's front matter needs {', '.join(lacking)}.")
    for key in ("colorFrom", "colorTo"):
        if said.get(key, COLOURS[0]) not in COLOURS:
            raise ValueError(f"{key} should be one of {', '.join(COLOURS)}, got {said[key]}.")
    length = len(said.get("short_description", ""))
    if length > LONGEST_DESCRIPTION:
        raise ValueError(f"short_description should have up to {LONGEST_DESCRIPTION} characters, got {length}.")
    if said["sdk"] != "gradio":
        raise ValueError(f"sdk should be gradio, got {said['sdk']}.")
    if not (root / said["app_file"]).is_file():
        raise ValueError(f"app_file should be a file of the repository, got {said['app_file']}.")


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
        ValueError: as `listing`, or if the weights do not fit.
    """
    listing(repository, root)
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
    api.upload_file(
        repo_id=repository,
        repo_type="space",
        path_or_fileobj=space_requirements(root).encode(),
        path_in_repo="requirements.txt",
        commit_message="Read HEIC pictures",
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
    parser.add_argument("--dry-run", action="store_true", help="list what would go up, and upload nothing")


def run(args: argparse.Namespace) -> int:
    """Upload to the Space that is named; returns the exit status."""
    from huggingface_hub import HfApi

    try:
        if args.dry_run:
            files = listing(args.repository)
            for name, size in files:
                print(f"{size / 1e6:8.2f} MB  {name}")
            print(f"{sum(size for _, size in files) / 1e6:8.2f} MB  in {len(files)} files; nothing was uploaded")
            return 0
        print(upload(args.repository, HfApi(), weights=args.weights))
    except (OSError, ValueError) as error:  # the hub's own errors are OSErrors
        raise UsageError(str(error).strip().split("\n")[0]) from error
    return 0
