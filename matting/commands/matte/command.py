"""Cut objects out of photos, and write alpha, cutout and trimap of each."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from matting.commands import UsageError
from matting.commands.options import add_device, add_dtype, add_weights

EPILOG = """\
For a photo NAME.jpg, DIR gets:
  NAME_alpha.png (16-bit gray), NAME_cutout.png (RGBA), NAME_trimap.png (0, 128, 255).
With --save-mask MASKS, that folder gets NAME.png (8-bit gray).
A photo - is read from a pipe, and --out - writes the cutout of one photo to one.
NAME.jpg and NAME.png together give files that begin with NAME_jpg_ and NAME_png_.
Exit status: 0 all done, 1 some photos failed (the others are done), 2 called wrongly, 130 interrupted.
"""

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `matte`."""
    parser = subparsers.add_parser(
        "matte",
        help="cut objects out of photos",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="a photo, a folder of photos, or - for a pipe")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="where to write; made if missing; - for a pipe"
    )
    where = parser.add_argument_group("where the object is", "without any of these: what stands out")
    where.add_argument(
        "--mask",
        type=Path,
        metavar="M",
        help="a rough mask, white is object; or a folder of masks with the photos' stems",
    )
    where.add_argument(
        "--trimap",
        type=Path,
        metavar="T",
        help="a trimap, 0 / 128 / 255; or a folder of trimaps with the photos' stems",
    )
    where.add_argument(
        "--points", type=_points, metavar='"x,y,+ x,y,-"', help="pixels on the object (+) and off it (-)"
    )
    where.add_argument(
        "--box",
        type=_box,
        metavar="x0,y0,x1,y1",
        help="a box around the object, in pixels; may go with --points",
    )
    how = parser.add_argument_group("how")
    how.add_argument(
        "--coarse",
        metavar="NAME",
        help="what turns points or a box into a mask: clicks (default), grabcut, sam, u2net, or NAME:WEIGHTS "
        "as in u2net:u2net.pth, segment-anything:sam_vit_b.pth, transformers:HUB_ID#person,hat",
    )
    how.add_argument(
        "--fusion",
        default="hard",
        choices=("hard", "soft"),
        help="how the predicted trimap enters alpha (default: hard)",
    )
    add_weights(how)
    add_device(how)
    add_dtype(how)
    how.add_argument(
        "--overwrite",
        action="store_true",
        help="redo photos that are already done, and replace other files of their outputs' names",
    )
    goes_along = how.add_mutually_exclusive_group()
    goes_along.add_argument(
        "--strip",
        action="store_true",
        help="leave EXIF (the time, say), dots per inch and profile out of the cutout",
    )
    goes_along.add_argument(
        "--keep-place",
        action="store_true",
        help="let the place go along too where the photo was taken (GPS), which is left out otherwise",
    )
    parser.add_argument(
        "--save-mask",
        type=Path,
        metavar="MASKS",
        help="also write the coarse masks to this folder, as NAME.png, for --mask here or --guidance of train",
    )
    # A box or point may begin with a negative number, "-5,10,200,300"; argparse allows plain ones only.
    parser._negative_number_matcher = re.compile(r"-[0-9]")


def run(args: argparse.Namespace) -> int:
    """Matte every photo that is not done yet; returns 1 if one failed, else 0."""
    from matting.coarse import DEFAULT
    from matting.commands.matte import batch, pipe

    args.coarse = args.coarse or DEFAULT
    _check_prompts(args)
    return pipe.matte_piped(args) if pipe.is_asked(args) else batch.matte_photos(args)


def _points(text: str) -> tuple[tuple[float, float, int], ...]:
    """Read "x,y,+ x,y,-"; raises ArgumentTypeError if it is not that."""
    points = []
    for word in text.split():
        if not (match := re.fullmatch(rf"({NUMBER}),({NUMBER}),([+-])", word)):
            raise argparse.ArgumentTypeError(
                f'a point is x,y,+ or x,y,- without blanks, as in "120,80,+", not "{word}"'
            )
        points.append((float(match[1]), float(match[2]), int(match[3] == "+")))
    if not points:
        raise argparse.ArgumentTypeError('at least one point is needed, as in "120,80,+"')
    return tuple(points)


def _box(text: str) -> tuple[float, float, float, float]:
    """Read "x0,y0,x1,y1"; raises ArgumentTypeError if it is not a box."""
    if not re.fullmatch(rf"{NUMBER}(,{NUMBER}){{3}}", text):
        raise argparse.ArgumentTypeError(f'a box is x0,y0,x1,y1, as in 10,20,200,300, not "{text}"')
    left, top, right, bottom = map(float, text.split(","))
    if left >= right or top >= bottom:
        raise argparse.ArgumentTypeError(f"a box goes from its top left to its bottom right corner; {text} is empty")
    return left, top, right, bottom


def _check_prompts(args: argparse.Namespace) -> None:
    """Refuse contradictory prompts, and say how missing ones are interpreted."""
    given = [name for name in ("mask", "trimap", "points", "box") if getattr(args, name)]
    if len(given) > 1 and given != ["points", "box"]:
        raise UsageError(f"--{given[0]} and --{given[1]} both say where the object is; give one of them.")
    if args.save_mask and args.trimap:
        raise UsageError("With --trimap there is no coarse mask; leave out --save-mask.")
    for path in (args.mask, args.trimap):
        if path and not path.exists():
            raise UsageError(f"There is no file or folder {path}.")
    if args.mask or args.trimap or args.box or any(on_object for *_, on_object in args.points or ()):
        return
    if _needs_prompts(args.coarse):
        name = "GrabCut" if args.coarse == "grabcut" else args.coarse
        print(f"No mask, trimap, box or + point was given: {name} starts from a centred box.", file=sys.stderr)


def _needs_prompts(coarse: str) -> bool:
    from matting.coarse import needs_prompts

    try:
        return needs_prompts(coarse)
    except ValueError as error:
        raise UsageError(str(error)) from error
