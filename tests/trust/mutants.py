"""Break the paper's equations, the file door and the trimap algebra one place at a time: a test must fail each time.

`python tests/trust/mutants.py` (part of `make trust`) works on copies, prints a line for each mutant, and ends with
status 1 if one survives. Words after it choose mutants by their files: `python tests/trust/mutants.py attention`.
"""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

# Imported once for all mutants, before they are forked; nothing of the package may be among them.
import cv2  # noqa: E402, F401
import hypothesis  # noqa: E402, F401
import pytest  # noqa: E402
import torch  # noqa: E402, F401

ROOT = Path(__file__).resolve().parents[2]

MEASURED = "not every_bad_file"
"""Left out: it measures this process's memory, which here is the parent's too."""

ATTENTION = ("networks/attention.py", "tests/networks/test_attention.py tests/networks/test_attention_modules.py")
CFC = ("networks/cfc.py", "tests/networks/test_cfc.py")
REFINEMENT = ("networks/refinement.py", "tests/networks/test_refinement.py")
LOSSES = ("training/losses.py", "tests/training/test_losses.py")
FUSION = ("inference/fusion.py", "tests/inference/test_fusion.py")
ADAPTATION = ("training/adaptation.py", "tests/training/test_adaptation.py")
ALGEBRA = ("trimaps/algebra.py", "tests/trimaps/test_trimap_algebra.py")
PROMISES = ("trimaps/mask_promises.py", "tests/trimaps/test_mask_promises.py")
EDITING = ("trimaps/editing.py", "tests/trimaps/test_trimap_editing.py")
READING = ("images/reading.py", "tests/images")
LABELS = ("images/labels.py", "tests/images")
VALUES = ("images/values.py", "tests/images")
DECODING = ("images/decoding.py", "tests/images")
WRITING = ("images/writing.py", "tests/images/test_writing.py tests/images/test_carried.py")
CARRIED = ("images/carried.py", "tests/images/test_carried.py")
EMPTINESS = ("images/emptiness.py", "tests/test_pipeline.py tests/commands/matte/test_matte_records.py")
METRICS = ("evaluation/metrics.py", "tests/evaluation/test_metrics.py")


@dataclass(frozen=True)
class Mutant:
    """One change of one file of the package, and the tests that have to see it."""

    file: str
    tests: str
    about: str
    before: str
    after: str


def mutants() -> list[Mutant]:
    """All of them, checked: what is changed has to stand in the file exactly once."""
    made = [Mutant(*place, about, before, after) for place, changes in CHANGES for about, before, after in changes]
    for one in made:
        count = (ROOT / "matting" / one.file).read_text().count(one.before)
        if count != 1:
            raise ValueError(f"{one.file} has {count} times, not once: {one.before}")
    return made


CHANGES: list[tuple[tuple[str, str], list[tuple[str, str, str]]]] = [
    (
        ATTENTION,
        [
            ("windows: transposed", '"b c (s h) (t w) -> (b s t) (h w) c"', '"b c (s h) (t w) -> (b s t) (w h) c"'),
            ("windows: order of rows and columns", '"b c (s h) (t w) -> (b s t)', '"b c (s h) (t w) -> (b t s)'),
            ("windows back: transposed", '"(b s t) (h w) c -> b c', '"(b s t) (w h) c -> b c'),
            ("d_ij: no root", ".square().sum(-1).sqrt()", ".square().sum(-1)"),
            ("d_ij: city blocks", ".square().sum(-1).sqrt()", ".abs().sum(-1)"),
            ("Eq. 4: farthest instead of nearest", "torch.inf).amin(dim=-1)", "-torch.inf).amax(dim=-1)"),
            ("Eq. 4: min_j d_ij instead of its inverse", "1 / nearest.clamp(min=1)", "nearest.clamp(min=1)"),
            ("Eq. 4: a known query gets +1", "nearest.clamp(min=1), -1.0)", "nearest.clamp(min=1), 1.0)"),
            ("Eq. 4: known and unknown exchanged", "torch.where(unknown, 1 / ", "torch.where(~unknown, 1 / "),
            ("Eq. 4: d_ij everywhere", "scale[:, :, None] * region[:, None, :]", "scale[:, :, None]"),
            ("Eq. 3: D_F alone", "for region in (foreground, background)], dim=-1)", "for region in (foreground, foreground)], dim=-1)"),
            ("Eq. 3: the factors without d_ij", "(scales @ regions).mul_(distances)", "(scales @ regions)"),
            ("Eq. 2: no dis", "(dis[:, None] * affinity(query, key)).softmax(dim=-1)", "affinity(query, key).softmax(dim=-1)"),
            ("Eq. 2: dis added", "dis[:, None] * affinity(query, key)", "dis[:, None] + affinity(query, key)"),
            ("Eq. 2: softmax over queries", "affinity(query, key)).softmax(dim=-1)\n\n\ndef affinity", "affinity(query, key)).softmax(dim=-2)\n\n\ndef affinity"),
            ("Eq. 2: without √(C/d)", "query.shape[-1] ** -0.5", "query.shape[-1] ** 0.0"),
            ("Eq. 7: the lower bound", "ratio.clamp(0.1, 10.0)", "ratio.clamp(0.0, 10.0)"),
            ("Eq. 7: the upper bound", "ratio.clamp(0.1, 10.0)", "ratio.clamp(0.1, 100.0)"),
            ("Eq. 6: no root in U", "clip(ratio.sqrt())", "clip(ratio)"),
            ("Eq. 6: no inverse in K", "clip(ratio.reciprocal().sqrt())", "clip(ratio.sqrt())"),
            ("Eq. 6: |U| over all pixels", "unknown_count / (unknown.shape[-1] - unknown_count)", "unknown_count / unknown.shape[-1]"),
            ("Eq. 6: U and K exchanged", "torch.where(unknown, clip(", "torch.where(~unknown, clip("),
            ("Eq. 5: no weights", "key * weights[..., None].to(key.dtype)", "key"),
            ("Eq. 5: weights on queries", "query.contiguous(), weighted.contiguous()", "(query * weights[..., None].to(key.dtype))[..., : query.shape[-2], :].contiguous(), key.contiguous()"),
            ("Eq. 5: for display, no weights", "(weights[..., None, :] * affinity(query, key))", "affinity(query, key)"),
            ("LSPA: the branches see each other's feature", "for t in (image, alpha))", "for t in (alpha, image))"),
            ("LSPA: |U| per window whatever is asked", 'if self.ratio == "window":', "if True:"),
            ("LSPA: without the CFC, one branch", "return sampled + window_unpartition(", "return window_unpartition("),
            ("Eq. 8: without A itself", "return alpha + self.output(", "return self.output("),
            ("Eq. 8: the photo's values", "self.value(alpha)", "self.value(image)"),
            ("Eq. 8: keys of alpha", "(self.query(image), self.key(image))", "(self.query(image), self.key(image.flip(-1)))"),
            ("Eq. 8: weights of another place", "downsample_nearest(unknown, self.reduction)", "downsample_nearest(unknown.flip(-1), self.reduction)"),
        ],
    ),
    (
        CFC,
        [
            ("Eq. 9: ReLU", "F.elu(first)", "F.relu(first)"),
            ("Eq. 9: tanh", "second.sigmoid()", "second.tanh()"),
            ("Eq. 9: the halves exchanged", "F.elu(first) * second.sigmoid()", "F.elu(second) * first.sigmoid()"),
            ("Eq. 9: sum", "F.elu(first) * second", "F.elu(first) + second"),
        ],
    ),
    (
        REFINEMENT,
        [
            ("the residual alone", "return coarse_alpha + self.residual(", "return self.residual("),
            ("the residual taken off", "return coarse_alpha + self.residual(", "return coarse_alpha - self.residual("),
        ],
    ),
    (
        LOSSES,
        [
            ("Eq. 10: coarse alone", "return coarse + estimation_loss(estimate.alpha.float()", "return coarse + 0 * estimation_loss(estimate.alpha.float()"),
            ("Eq. 11: squares", "error = (predicted - alpha).abs() * region", "error = (predicted - alpha).square() * region"),
            ("Eq. 11: the whole photo", "error = (predicted - alpha).abs() * region", "error = (predicted - alpha).abs()"),
            ("Eq. 11: a sum", "(error.flatten(1).sum(1) / region.flatten(1).sum(1).clamp(min=1)).mean()", "error.flatten(1).sum(1).mean()"),
            ("Eq. 12: the smallest errors", "errors.topk(count, sorted=False)", "errors.topk(count, largest=False, sorted=False)"),
            ("Eq. 12: all errors", "* percent // 100)", "* 100 // 100)"),
            ("Eq. 12: outside of the region", "errors = error[inside > 0.5]", "errors = error[inside < 0.5]"),
            ("L_alpha without L_hard", "if hard_weight else loss", "if not hard_weight else loss"),
            ("Laplacian: all levels alike", "* (2**level) / pixels", "/ pixels"),
            ("composition: one layer", "compose(foreground, background, alpha)", "compose(foreground, foreground, alpha)"),
        ],
    ),
    (
        FUSION,
        [
            ("hard: foreground is kept", "[np.float32(1), np.float32(0)], alpha)", "[alpha, np.float32(0)], alpha)"),
            ("hard: regions exchanged", "[trimap == FOREGROUND, trimap == BACKGROUND]", "[trimap == BACKGROUND, trimap == FOREGROUND]"),
            ("Eq. 14: without B̂", "unknown = 1 - (foreground + background)", "unknown = 1 - foreground"),
            ("Eq. 15: without F̂", "return foreground + unknown * alpha", "return unknown * alpha"),
            ("Eq. 15: alpha unweighed", "return foreground + unknown * alpha", "return foreground + alpha"),
            ("painted pixels stay as they were", "from_probabilities(probabilities) != trimap", "from_probabilities(probabilities) == trimap"),
        ],
    ),
    (
        ADAPTATION,
        [
            ("Eq. 16: D's target", "(fake - 1).square().mean()", "fake.square().mean()"),
            ("Eq. 16: without λ", "weight * (cross_entropy + difference)", "(cross_entropy + difference)"),
            ("Eq. 16: without L_ce", "weight * (cross_entropy + difference)", "weight * difference"),
            ("Eq. 17: the targets exchanged", "fake.square().mean() + (real - 1).square().mean()", "(fake - 1).square().mean() + real.square().mean()"),
            ("Eq. 17: composites alone", "fake.square().mean() + (real - 1).square().mean()", "fake.square().mean() + 0 * real.mean()"),
            ("G': known values not written", "torch.where(trimap == 0.5, alpha, trimap)", "alpha"),
            ("Eq. 15 in G: regions exchanged", "weighed(alpha, probabilities[:, :1], probabilities[:, 2:])", "weighed(alpha, probabilities[:, 2:], probabilities[:, :1])"),
        ],
    ),
    (
        ALGEBRA,
        [
            ("clean: background's bound", "table[:11] = BACKGROUND", "table[:12] = BACKGROUND"),
            ("clean: foreground's bound", "table[245:] = FOREGROUND", "table[246:] = FOREGROUND"),
            ("from alpha: nearly opaque counts", "_erode(alpha == 1, foreground_kernel)", "_erode(alpha > 0.99, foreground_kernel)"),
            ("from alpha: kernels exchanged", "_erode(alpha == 0, background_kernel)", "_erode(alpha == 0, foreground_kernel)"),
            ("from mask: ½ is outside", "inside = mask >= 0.5\n", "inside = mask > 0.5\n"),
            ("widen: by its bound too", "foreground = distance_to(trimap != FOREGROUND) > pixels", "foreground = distance_to(trimap != FOREGROUND) >= pixels"),
            ("widen: foreground alone", "background = distance_to(trimap != BACKGROUND) > pixels", "background = trimap == BACKGROUND"),
            ("narrow: ties go to the foreground", "(to_foreground < to_background)", "(to_foreground <= to_background)"),
            ("narrow: without reaching its bound", "(to_foreground <= pixels)", "(to_foreground < pixels)"),
            ("distance: of what it is not", "(~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE", "(~region).astype(np.uint8), cv2.DIST_L1, 3"),
            ("size: the area", "math.sqrt(np.count_nonzero(inside))", "float(np.count_nonzero(inside))"),
            ("band: one edge", "2 * area / perimeter", "area / perimeter"),
            ("probabilities: ties become background", "(background > unknown) & (background > foreground)", "(background >= unknown) & (background >= foreground)"),
            ("one-hot: another order", "[trimap == BACKGROUND, trimap == UNKNOWN, trimap == FOREGROUND], axis=2", "[trimap == FOREGROUND, trimap == UNKNOWN, trimap == BACKGROUND], axis=2"),
            ("strokes: where nothing was painted", "np.where(painted, strokes, trimap)", "np.where(painted, trimap, strokes)"),
            ("erosion: from the photo's border", "cv2.erode(region.astype(np.uint8), ellipse)", "cv2.erode(region.astype(np.uint8), ellipse, borderType=cv2.BORDER_CONSTANT, borderValue=0)"),
        ],
    ),
    (
        PROMISES,
        [
            ("far things stay", "kept[~reached] = (1, 0, 0)", "kept[~reached] = kept[~reached]"),
            ("depths stay open", "kept[sure] = (0, 0, 1)", "kept[sure] = kept[sure]"),
            ("see-through is closed", "& (probabilities[..., 1] <= SEE_THROUGH)", ""),
            ("an unsure mask is believed", "& (mask >= SURE) &", "&"),
            ("pieces apart stay", "reached &= _pieces_touching(", "_pieces_touching("),
            ("the input is written to", "weighed = probabilities.copy()", "weighed = probabilities"),
        ],
    ),
    (
        EDITING,
        [
            ("+ is background", "kept[disc] = FOREGROUND if label else BACKGROUND", "kept[disc] = BACKGROUND if label else FOREGROUND"),
            ("the box lets through on its right", "| (columns > box[2])", ""),
            ("a disc over the outline", "& (inside == bool(label))", ""),
            ("a + closes glass", "disc &= probabilities[..., 1] <= SEE_THROUGH", "disc &= True"),
            ("uncertainty is not a share", "entropy / math.log(3)", "entropy / math.log(2)"),
        ],
    ),
    (
        READING,
        [
            ("transparency on black", 'Image.new("RGB", image.shape[1::-1], "white")', 'Image.new("RGB", image.shape[1::-1], "black")'),
            ("masks of other shapes", "MAX_ASPECT_ERROR = 0.02", "MAX_ASPECT_ERROR = 0.5"),
            ("trimaps between values", "interpolation=cv2.INTER_NEAREST_EXACT", "interpolation=cv2.INTER_LINEAR"),
            ("a cutout's brightness", "return values[:, :, -1], (*notices", "return values[:, :, 0], (*notices"),
            ("a transparent trimap", "given = np.where(transparent, np.uint8(BACKGROUND), given)", "given = given"),
            ("palettes by their colours", "keep_numbers and picture.mode == ", "not keep_numbers and picture.mode == "),
        ],
    ),
    (
        LABELS,
        [
            ("0, 1, 2 as brightness", "np.array([BACKGROUND, UNKNOWN, FOREGROUND], np.uint8)[gray]", "gray"),
            ("several objects are one", "    if len(labels) > 1:\n", "    if len(labels) > 99:\n"),
            ("dark labels", "np.iinfo(gray.dtype).max // 2", "0"),
            ("8 bits in 16 stay dark", "gray.max() > 255:\n", "gray.max() > 0:\n"),
            ("colours on black are shades", "return marked, (", "return values[:, :, 0], ("),
            ("other labels of a trimap", "    if highest <= 10:\n", "    if highest <= 2:\n"),
        ],
    ),
    (
        VALUES,
        [
            ("16 bits by 8", "/ np.iinfo(array.dtype).max", "/ 255"),
            ("floats of any scale", "if not (low >= -0.01 and high <= 1.01):", "if False:"),
            ("channels first", "array = np.moveaxis(array, 0, 2)", "array = np.moveaxis(array, 0, 1)"),
            ("rounding down", "np.rint(to_unit(array, name) * 255)", "np.floor(to_unit(array, name) * 255)"),
            ("negative integers", "if low < 0 or high > 65535:", "if high > 65535:"),
        ],
    ),
    (
        DECODING,
        [
            ("no limit of pixels", "MAX_PIXELS = 64_000_000", "MAX_PIXELS = 64_000_000_000"),
            ("no limit of sides", "MAX_SIDE = 32_000 ", "MAX_SIDE = 64_000_000 "),
            ("as it lies", "return ImageOps.exif_transpose(picture)", "return picture"),
            ("profiles disregarded", 'embedded = picture.info.get("icc_profile")', "embedded = None"),
            ("cut short", "picture.load()\n", "picture.load() if picture.format != 'JPEG' else None\n"),
            ("large texts are read", "<= LARGEST_TEXT:\n            kept", "<= 10**9:\n            kept"),
        ],
    ),
    (
        WRITING,
        [
            ("alpha of 8 bits", "alpha.astype(np.float64) * 65535", "np.rint(alpha.astype(np.float64) * 255) * 257"),
            ("beyond [0, 1]", "if not (alpha.min() >= 0 and alpha.max() <= 1):", "if False:"),
        ],
    ),
    (
        CARRIED,
        [
            ("the turn stays", "for tag in (ORIENTATION, *SIZES, ", "for tag in (*SIZES, "),
            ("the place goes along", "*(() if place else (PLACE,))", ""),
        ],
    ),
    (
        METRICS,
        [
            ("SAD in ones", "np.abs(_difference(prediction, truth, region)).sum()) / 1000", "np.abs(_difference(prediction, truth, region)).sum())"),
            ("MSE of differences", "(_difference(prediction, truth, region) ** 2).sum()", "np.abs(_difference(prediction, truth, region)).sum()"),
            ("Grad: another filter", "SIGMA = 1.4 ", "SIGMA = 1.0 "),
            ("Conn: another tolerance", "TOLERANCE = 0.15 ", "TOLERANCE = 0.2 "),
        ],
    ),
]


def survives(mutant: Mutant) -> tuple[Mutant, bool, float, str]:
    """Run a mutant's tests on a copy of the package, in a process of its own; tell whether they pass, the seconds, and
    what the tests said."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in ROOT.iterdir():
            if path.name not in ("matting", ".git", ".venv"):
                (folder / path.name).symlink_to(path)
        shutil.copytree(ROOT / "matting", folder / "matting", ignore=shutil.ignore_patterns("__pycache__"))
        path = folder / "matting" / mutant.file
        path.write_text(path.read_text().replace(mutant.before, mutant.after))
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        os.environ["PYTHONPATH"] = str(folder)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            tests = [str(folder / test) for test in mutant.tests.split()]
            options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-k", MEASURED, f"--rootdir={folder}"]
            status = pytest.main([*options, f"--confcutdir={folder}", *tests])
        if not Path(sys.modules["matting"].__file__).is_relative_to(folder) or status not in (0, 1):
            raise RuntimeError(f"{mutant.file}, {mutant.about}: its tests could not be run.\n{said.getvalue()}")
        os.chdir(ROOT)
    return mutant, status == 0, time.monotonic() - begun, said.getvalue()


def main(words: list[str]) -> int:
    """Try the mutants; returns 1 if one survives."""
    chosen = [one for one in mutants() if not words or any(word in one.file for word in words)]
    unchanged = [Mutant("__init__.py", tests, "unchanged", "", "") for tests in {one.tests: None for one in chosen}]
    alive = 0
    # Forked from here, where the heavy libraries are imported already and the package is not.
    with multiprocessing.get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for control, lives, _, said in pool.imap(survives, unchanged, chunksize=1):
            if not lives:
                print(f"{said}\n{control.tests} fail without any change; mend that first.")
                return 1
        for number, (mutant, lives, seconds, _) in enumerate(pool.imap(survives, chosen, chunksize=1), 1):
            alive += lives
            verdict = "SURVIVES" if lives else "caught"
            print(f"{number}/{len(chosen)} {mutant.file}, {mutant.about}: {verdict} ({seconds:.0f} s)", flush=True)
    print(f"{len(chosen) - alive} of {len(chosen)} mutants were caught.")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
