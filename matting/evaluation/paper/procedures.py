"""How each of the paper's tables is produced: which data, which training, which runs of `evaluate`.

A table is made of steps, each the words of one `evaluate` call; `root` says where its data set lies in a folder that
holds all of them, under the names that the data sets are unpacked to.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VOC = "VOCdevkit/VOC2012/JPEGImages"
EROSIONS = ("20", "30", "40", "50")

FOLDERS = {
    "composition-1k": "Combined_Dataset",
    "distinctions-646": "Distinctions-646",
    "alphamatting": "alphamatting",
    "rwp-636": "RealWorldPortrait-636",
    "p3m-500-p": "P3M-10k",
    "p3m-500-np": "P3M-10k",
    "aim-500": "AIM-500",
}
"""The folder of each data set in the one that holds all of them."""

SOURCES = {
    "composition-1k": f"Adobe Image Matting on request of its authors, with PASCAL VOC 2012's photos in {VOC}",
    "distinctions-646": f"Distinctions-646 on request of its authors, with PASCAL VOC 2012's photos in {VOC}",
    "alphamatting": "the low-resolution sets of alphamatting.com",
    "rwp-636": "Real-world Portrait-636 (MGMatting)",
    "p3m-500-p": "P3M-10k",
    "p3m-500-np": "P3M-10k",
    "aim-500": "AIM-500 (AIM-Net)",
}
"""Where each data set comes from."""

SYNTHETIC = (
    "python -m matting train tgn --config paper",
    "python -m matting train spamattnet --config paper",
)
"""TGN and SPAMattNet on Adobe's or Distinctions-646's training foregrounds, the configuration's own schedule."""


@dataclass(frozen=True)
class Step:
    """One call of `evaluate`.

    Attributes:
        data: the benchmark.
        command: "trimaps", or the benchmark itself for mattes.
        words: the call's further words, without root, weights and files.
    """

    data: str
    words: tuple[str, ...] = ()
    command: str = ""

    def call(self, folder: Path | str = "DIR") -> list[str]:
        """Return the words of the call, `evaluate` first, for a folder that holds all data sets."""
        name = self.command or self.data
        data = ["--data", self.data] if self.command == "trimaps" else []
        backgrounds = ["--backgrounds", f"{folder}/{VOC}"] if self.data == "distinctions-646" else []
        return ["evaluate", name, *data, "--root", str(root_of(self.data, folder)), *backgrounds, *self.words]


@dataclass(frozen=True)
class Procedure:
    """How one table is produced.

    Attributes:
        number: Roman.
        how: what the paper did, and what ours does where it must differ.
        training: the commands that train what is scored.
        steps: the calls that score it, in the order of the table's parts.
    """

    number: str
    how: str
    training: tuple[str, ...]
    steps: tuple[Step, ...]


def root_of(data: str, folder: Path | str) -> Path:
    """Return a data set's root in the folder that holds all of them; Adobe's lists and VOC may lie beside it."""
    return Path(folder) if data in ("composition-1k", "folder") else Path(folder, FOLDERS[data])


def _both(words: tuple[str, ...], command: str = "") -> tuple[Step, ...]:
    return tuple(Step(data, words, command) for data in ("composition-1k", "distinctions-646"))


_JOINT = ("--method", "joint-soft", "joint-hard", "--mask")
_ERODED = "The coarse mask is made from the true alpha: all but the trimap's background, eroded by N pixels, blurred."

PROCEDURES: dict[str, Procedure] = {
    procedure.number: procedure
    for procedure in (
        Procedure(
            "I",
            f"{_ERODED} N is 20. DeepLabv2 and DeepLabv3 get TGN's five inputs and are trained like it; name their "
            "files with --weights beside TGN's.",
            (SYNTHETIC[0], "python -m matting train deeplabv2 --config paper",
             "python -m matting train deeplabv3 --config paper"),
            _both(("--mask", "20"), "trimaps"),
        ),
        Procedure("II", f"{_ERODED} N is 20, 30, 40 and 50.", SYNTHETIC[:1], _both(("--mask", *EROSIONS), "trimaps")),
        Procedure(
            "III",
            "SPAMattNet gets the test set's own trimaps; their unknown region is scored.",
            SYNTHETIC[1:],
            (Step("composition-1k"),),
        ),
        Procedure(
            "IV",
            "As Table III, for networks trained without one part each. Name each with its label, "
            '--weights "without GPA=DIR" …; equal labels are seeds of one network and give mean ± standard deviation.',
            (f"{SYNTHETIC[1]} --without gpa", "or lspa cfc, cfc, rm, l_hard, gpa lspa cfc",
             "all rows and seeds at a scale of one's own, scored on a folder: python -m matting ablate"),
            (Step("composition-1k"),),
        ),
        Procedure("V", f"{_ERODED} N is 20. The whole image is scored.", SYNTHETIC, _both((*_JOINT, "20"))),
        Procedure(
            "VI",
            'As Table V, beside a SPAMattNet trained without RM: --weights "w/o RM=DIR" "with RM=DIR".',
            (*SYNTHETIC, f"{SYNTHETIC[1]} --without rm"),
            _both((*_JOINT, "20")),
        ),
        Procedure(
            "VII",
            "The true alphas are not public: the mattes of three trimaps each are written with --save, and the site "
            "scores and ranks what is sent to it. On the training photos `evaluate alphamatting` scores here.",
            SYNTHETIC[1:],
            (Step("alphamatting", ("--split", "test", "--trimap", "all")),),
        ),
        Procedure(
            "VIII", f"{_ERODED} N is 20, 30, 40 and 50. The whole image is scored.", SYNTHETIC,
            _both((*_JOINT, *EROSIONS)),
        ),
        Procedure(
            "IX",
            "As Table III, for SPAMattNet with the progressive decoder. Parameters and multiply-adds at 512x512 are "
            "counted here; attention's matrix products are among them.",
            ("python -m matting train spamattnet --config paper_star",),
            (Step("composition-1k"),),
        ),
        Procedure(
            "X",
            "Photos and trimaps go to 512x512, alpha back. The pseudo trimap is the given mask's outline, 30 pixels "
            "wide at full size: the paper does not say how wide.",
            SYNTHETIC[1:],
            (Step("rwp-636"),),
        ),
        Procedure(
            "XI",
            "Coarse masks come from a U2Net fine-tuned on P3M-10k's training set; TGN learns from its masks, "
            "SPAMattNet from TGN's trimaps. Name that U2Net with --mask u2net:FILE.",
            ("python -m matting train u2net --preset p3m", "python -m matting train tgn --preset p3m",
             "python -m matting train spamattnet --preset p3m"),
            (Step("p3m-500-p"), Step("p3m-500-np")),
        ),
        Procedure(
            "XII",
            "As Table XI, with the U2Net fine-tuned on DUTS and on foregrounds of three data sets before BG-20k.",
            ("python -m matting train u2net", "python -m matting train tgn --preset aim-500",
             "python -m matting train spamattnet --preset aim-500"),
            (Step("aim-500"),),
        ),
    )
}  # fmt: skip
"""Every table's procedure by its number."""
