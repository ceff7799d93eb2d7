"""Make a pool of foregrounds with exact alpha, which `train` and `evaluate composites` compose onto photos."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matting.commands.options import add_workers


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `pool`, a parser for each source of foregrounds."""
    parser = subparsers.add_parser("pool", help="make foregrounds with exact alpha to train on", description=__doc__)
    sources = parser.add_subparsers(dest="source", required=True, metavar="SOURCE")
    _add_drawn(sources.add_parser("draw", help="draw hair, fur, leaves, nets, smoke, glass, ..."))
    _add_cutouts(sources.add_parser("cutouts", help="cut windows out of photos with mattes, or of pictures with alpha"))
    _add_objects(sources.add_parser("objects", help="cut whole subjects out of photos with masks, for `train tgn`"))
    _add_scenes(sources.add_parser("scenes", help="compose scenes with masks, for `train clicks`"))
    _add_debian(sources.add_parser("debian", help="fetch photographs and painted cutouts from Debian's packages"))


def run(args: argparse.Namespace) -> int:
    """Fill the folder; returns the exit status."""
    try:
        args.fill(args)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _add_drawn(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(fill=_draw)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the pool's folder")
    parser.add_argument(
        "--textures", type=Path, nargs="+", required=True, metavar="DIR", help="photos to take colours from"
    )
    parser.add_argument("--count", type=int, required=True, metavar="N", help="how many foregrounds")
    parser.add_argument("--size", type=int, default=512, metavar="PIXELS", help="their side (default: 512)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, metavar="N", help="number of the first one (default: 0)")
    add_workers(parser)


def _draw(args: argparse.Namespace) -> None:
    from matting.data.pools.pool import fill_pool

    fill_pool(args.out, args.textures, args.count, args.size, args.seed, args.workers, args.start)


def _add_cutouts(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(fill=_cut)
    parser.add_argument(
        "--photos", type=Path, required=True, metavar="DIR", help="NAME.jpg with mattes NAME.png, or cutouts"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the pool's folder")
    parser.add_argument("--per-photo", type=int, default=30, metavar="N", help="windows of each photo (default: 30)")
    parser.add_argument("--kind", default="fur", help="their kind, one of those that `draw` knows")


def _cut(args: argparse.Namespace) -> None:
    from matting.data.pools.cutouts import import_cutouts
    from matting.data.synthetic import KINDS

    if args.kind not in KINDS:
        raise ValueError(f"--kind should be one of {', '.join(KINDS)}, got {args.kind}.")
    count = import_cutouts(args.photos, args.out, args.per_photo, kind=args.kind)
    print(f"{count} foregrounds in {args.out}")


def _add_objects(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(fill=_cut_objects)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the pool's folder")
    _add_found(parser)
    parser.add_argument(
        "--mattes", type=Path, nargs="*", default=[], metavar="DIR", help="folders of NAME.jpg with mattes NAME.png"
    )


def _cut_objects(args: argparse.Namespace) -> None:
    import torch

    from matting.data.photos.pseudo_mattes import fill_objects
    from matting.data.scenes.pool import find_subjects
    from matting.inference import whole_photo
    from matting.networks.weights import find_folder, load_pair

    subjects, cutouts = find_subjects(args.subjects, args.foregrounds, args.held_out)
    mattes = [path for folder in args.mattes for path in sorted(folder.glob("*.jpg"))]
    network = whole_photo.prepare(
        load_pair(find_folder(None))["spamattnet"], whole_photo.default_device(), torch.float32
    )
    print(f"{fill_objects(args.out, subjects, cutouts, mattes, network)} objects in {args.out}")


def _add_found(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments that name photos with masks and foregrounds with alpha."""
    parser.add_argument("--subjects", nargs="+", required=True, metavar="PHOTOS:MASKS", help="photos of one subject")
    parser.add_argument(
        "--foregrounds",
        type=Path,
        nargs="*",
        default=[],
        metavar="DIR",
        help="folders with image/ and alpha/, or of pictures with transparency",
    )
    parser.add_argument(
        "--held-out", nargs="*", default=[], metavar="END", help="photos whose name ends so are not used"
    )


def _add_scenes(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(fill=_compose_scenes)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the pool's folder")
    _add_found(parser)
    parser.add_argument("--photos", type=Path, nargs="+", required=True, metavar="DIR", help="folders of backgrounds")
    parser.add_argument("--count", type=int, required=True, metavar="N", help="how many scenes")
    parser.add_argument("--start", type=int, default=0, metavar="N", help="first number (default: 0)")
    parser.add_argument("--seed", type=int, default=0)


def _compose_scenes(args: argparse.Namespace) -> None:
    from matting.data.scenes.pool import beginner, fill, find_files
    from matting.networks.clicknet import CONFIGS

    files = find_files(args.subjects, args.foregrounds, args.photos, args.held_out)
    fill(args.out, files, beginner(CONFIGS["small"]), range(args.start, args.start + args.count), args.seed)


def _add_debian(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(fill=_fetch)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for photos/ and portraits/")


def _fetch(args: argparse.Namespace) -> None:
    from matting.data.pools.debian import fetch_photos, fetch_portraits

    photos, portraits = fetch_photos(args.out / "photos"), fetch_portraits(args.out / "portraits")
    print(f"{photos} photos and {portraits} portraits in {args.out}")
