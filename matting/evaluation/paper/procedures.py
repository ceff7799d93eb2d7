"""How to produce each of the paper's tables: its data, its training and its runs of `evaluate`.

A table takes one or more steps, each an `evaluate` call. `root_of` finds a step's data set in a folder that holds all
of them, under the names to which the data sets unpack.
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
"""The folder of each data set, below the folder that holds all of them."""

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
"""Train TGN and SPAMattNet on Adobe's or Distinctions-646's foregrounds, by the configuration's own schedule."""


@dataclass(frozen=True)
class Step:
    """One call of `evaluate`.

    Attributes:
        data: the benchmark.
        masks: kinds of coarse masks for `--mask`; empty for the benchmark's default.
        methods: methods for `--method`; empty for the benchmark's default.
        scores: "mattes" or "trimaps".
        split: "test" writes mattes of alphamatting.com's test photos, by three trimaps each, for its site.
    """

    data: str
    masks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    scores: str = "mattes"
    split: str = "training"

    @property
    def trimap(self) -> str | None:
        """The value of `--trimap`: all three for the test split, else the benchmark's default."""
        return "all" if self.split == "test" else None

    def call(self, folder: Path | str = "DIR") -> list[str]:
        """Return the call's command line from `evaluate` on, for a folder that holds all data sets."""
        words = ["evaluate", *(("trimaps", "--data") if self.scores == "trimaps" else ()), self.data]
        words += ["--root", str(root_of(self.data, folder))]
        words += ["--backgrounds", str(backgrounds)] if (backgrounds := backgrounds_of(self.data, folder)) else []
        words += ["--method", *self.methods] if self.methods else []
        words += ["--mask", *self.masks] if self.masks else []
        return words + (["--split", self.split, "--trimap", str(self.trimap)] if self.split == "test" else [])


@dataclass(frozen=True)
class Procedure:
    """How one table is produced.

    Attributes:
        number: Roman.
        how: what the paper did, and what we do where we must differ.
        training: the commands that train the networks.
        steps: the calls that score them, in the order of the table's parts.
    """

    number: str
    how: str
    training: tuple[str, ...]
    steps: tuple[Step, ...]


def root_of(data: str, folder: Path | str) -> Path:
    """Return a data set's root in the folder that holds all of them; Adobe's lists and VOC may lie beside it."""
    return Path(folder) if data in ("composition-1k", "folder") else Path(folder, FOLDERS[data])


def backgrounds_of(data: str, folder: Path | str) -> Path | None:
    """Return the folder of backgrounds for bare foregrounds; None where a data set has its own."""
    return Path(folder, VOC) if data == "distinctions-646" else None


def _both(*masks: str, scores: str = "mattes") -> tuple[Step, ...]:
    methods = () if scores == "trimaps" else ("joint-soft", "joint-hard")
    return tuple(Step(data, masks, methods, scores) for data in ("composition-1k", "distinctions-646"))


_ERODED = "The coarse mask is made from the true alpha: all but the trimap's background, eroded by N pixels, blurred."

PROCEDURES: dict[str, Procedure] = {
    procedure.number: procedure
    for procedure in (
        Procedure(
            "I",
            f"{_ERODED} N is 20. DeepLabv2 and DeepLabv3 get TGN's five inputs and are trained like it; name their "
            "files with --weights, next to TGN's.",
            (SYNTHETIC[0], "python -m matting train deeplabv2 --config paper",
             "python -m matting train deeplabv3 --config paper"),
            _both("20", scores="trimaps"),
        ),
        Procedure("II", f"{_ERODED} N is 20, 30, 40 and 50.", SYNTHETIC[:1], _both(*EROSIONS, scores="trimaps")),
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
             "all rows and seeds at your own scale, scored on a folder: python -m matting ablate"),
            (Step("composition-1k"),),
        ),
        Procedure("V", f"{_ERODED} N is 20. The whole image is scored.", SYNTHETIC, _both("20")),
        Procedure(
            "VI",
            'As Table V, next to a SPAMattNet trained without RM: --weights "w/o RM=DIR" "with RM=DIR".',
            (*SYNTHETIC, f"{SYNTHETIC[1]} --without rm"),
            _both("20"),
        ),
        Procedure(
            "VII",
            "The true alphas are not public: --save writes each photo's mattes by three trimaps, and the site scores "
            "and ranks what you send. `evaluate alphamatting` scores the training photos here.",
            SYNTHETIC[1:],
            (Step("alphamatting", split="test"),),
        ),
        Procedure(
            "VIII", f"{_ERODED} N is 20, 30, 40 and 50. The whole image is scored.", SYNTHETIC,
            _both(*EROSIONS),
        ),
        Procedure(
            "IX",
            "As Table III, for SPAMattNet with the progressive decoder. Parameters and multiply-adds at 512x512 are "
            "counted here, attention's matrix products included.",
            ("python -m matting train spamattnet --config paper_star",),
            (Step("composition-1k"),),
        ),
        Procedure(
            "X",
            "Photos and trimaps are resized to 512x512, and alpha back. The pseudo trimap is the given mask's outline, "
            "30 pixels wide at full size: the paper does not say how wide.",
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
