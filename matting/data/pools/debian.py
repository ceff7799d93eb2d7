"""Photographs and painted cutouts from Debian packages, for training: `python -m matting.data.pools.debian --out DIR`.

`DIR/photos` gets backgrounds and textures, `DIR/portraits` cutouts with alpha, which `matting.data.pools.cutouts` makes a
pool of. Every package states its licence in /usr/share/doc/PACKAGE/copyright; nothing of it is in this repository.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

# The photographs among each package's pictures; what is drawn or computed is left out.
PHOTOS = {
    "lomiri-wallpapers-16.04": ("usr/share/backgrounds/{}.jpg", (
        "Bridge_by_Sander_Klootwijk", "Dragonfly_by_Bolly", "Picture_0B_by_freespace", "Picture_1A_by_freespace",
        "Wine_by_Jakkub_Mede", "aitzgorri_by_Aitzol_Berasategi", "analogpattern_by_Peter_Nerlich",
        "free_by_Peter_Nerlich", "friends_by_Aitzol_Berasategi", "greentock_by_Peter_Nerlich",
        "life_by_Aitzol_Berasategi", "picosdeeuropa_by_Aitzol_Berasategi", "seeding_by_Clements_Engelhardt",
        "sunset_by_Aitzol_Berasategi",
    )),
    "mate-backgrounds": ("usr/share/backgrounds/mate/nature/{}.jpg", (
        "Aqua", "Blinds", "Dune", "Garden", "GreenMeadow", "LadyBird", "RainDrops", "Storm", "TwoWings", "Wood",
        "YellowFlower",
    )),
    "plasma-workspace-wallpapers": ("usr/share/wallpapers/{}/contents/images/2560x1600.jpg", (
        "BytheWater", "ColdRipple", "ColorfulCups", "DarkestHour", "EveningGlow", "FallenLeaf", "Grey", "Kite",
        "OneStandsOut", "Path", "summer_1am",
    )),
}  # fmt: skip
PORTRAITS = ("wesnoth-1.16-data", "usr/share/games/wesnoth/*/**/portraits/**/*")


def unpack(package: str, folder: Path) -> None:
    """Download a Debian package by the system's own tools and unpack it without installing.

    Raises:
        OSError: where apt and dpkg are missing or the package cannot be had.
    """
    for command in (["apt-get", "download", package], ["sh", "-c", f"dpkg-deb -x {package}_*.deb ."]):
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise OSError(f"{command[0]} was not found; run this on Debian or a system derived from it.") from error
        except subprocess.CalledProcessError as error:
            raise OSError(f"The package {package} could not be had: {error.stderr.strip()}") from error


def fetch_photos(folder: Path) -> int:
    """Copy the photographs into a folder as PACKAGE-NAME.jpg; returns how many it got."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, (pattern, names) in PHOTOS.items():
        with TemporaryDirectory() as unpacked:
            unpack(package, Path(unpacked))
            for name in names:
                shutil.copy(Path(unpacked) / pattern.format(name), folder / f"{package.split('-')[0]}-{name}.jpg")
    return sum(len(names) for _, names in PHOTOS.values())


def fetch_portraits(folder: Path) -> int:
    """Copy the painted portraits into a folder, numbered in the order of their paths; returns how many it got."""
    folder.mkdir(parents=True, exist_ok=True)
    package, pattern = PORTRAITS
    with TemporaryDirectory() as unpacked:
        unpack(package, Path(unpacked))
        paths = sorted(path for path in Path(unpacked).glob(pattern) if path.suffix in (".png", ".webp"))
        for number, path in enumerate(paths):
            shutil.copy(path, folder / f"portrait-{number:03d}{path.suffix}")
    return len(paths)


def main() -> int:
    """Fetch photographs and painted cutouts for training."""
    parser = argparse.ArgumentParser(prog="python -m matting.data.pools.debian", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for photos/ and portraits/")
    given = parser.parse_args()
    try:
        photos, portraits = fetch_photos(given.out / "photos"), fetch_portraits(given.out / "portraits")
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{photos} photos and {portraits} portraits in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
