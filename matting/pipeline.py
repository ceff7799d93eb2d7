"""The whole way from a photo to a matte, in one call or in three steps that can be stopped, edited and resumed."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch

from matting.coarse import ALIASES, DEFAULT, Box, Point, Prompts, Segmenter, as_asked, load_segmenter, needs_prompts
from matting.files import write_whole
from matting.images import (
    Source,
    drop_transparent,
    emptiness,
    hold_to,
    read_mask,
    read_photo,
    read_shown,
    read_trimap,
)
from matting.images.sources import name_source
from matting.inference import around_object, preview, whole_photo
from matting.inference.fusion import hard_fusion, needed, painted_probabilities, soft_fusion
from matting.networks import spamattnet, tgn, weights
from matting.result import MattingResult
from matting.trimaps.algebra import UNKNOWN, clean, from_probabilities
from matting.trimaps.editing import keep_promises
from matting.trimaps.mask_promises import keep_to_mask

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Fusion = Literal["hard", "soft"]

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


class MattingPipeline:
    """Photo → coarse mask → trimap (TGN) → alpha (SPAMattNet).

    Images, masks and trimaps may be paths, bytes, PIL pictures or arrays; see `matting.images`. The pipeline holds
    no state of a photo, so one pipeline serves many threads. It can be copied and pickled. In a process that was forked
    from this one it works with one thread, since OpenMP's others do not survive that.
    """

    def __init__(
        self,
        tgn: tgn.TGN,
        spamattnet: spamattnet.SPAMattNet,
        *,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.device = torch.device(device) if device is not None else whole_photo.default_device()
        self.dtype = dtype or torch.float32
        self._originals = {"tgn": tgn, "spamattnet": spamattnet}
        self._tgn = whole_photo.prepare(tgn, self.device, self.dtype)
        self._spamattnet = whole_photo.prepare(spamattnet, self.device, self.dtype)
        self._segmenters: dict[str, Segmenter] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as configurations and weights; what each process has for itself, segmenters say, is left out.

        PyTorch pickles no network with spectral norm.
        """
        parts = {
            name: (type(network), network.config, network.state_dict()) for name, network in self._originals.items()
        }
        return _again, (parts, str(self.device), self.dtype)

    @property
    def spamattnet(self) -> spamattnet.SPAMattNet:
        """SPAMattNet as it runs: folded, on its device, in its dtype."""
        return self._spamattnet

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of both networks' configurations and weights, as they were given; see `weights.fingerprint`."""
        return weights.fingerprint(self._originals)

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> MattingPipeline:
        """Load the bundled small weights, or those of a local folder or a hub repository.

        Raises:
            ValueError: where the weights cannot be had or do not fit.
        """
        return cls(**weights.load_pair(weights.find_folder(source)), device=device, dtype=dtype)

    @classmethod
    def untrained(cls, config: str = "small", *, seed: int = 0, device: str | None = None) -> MattingPipeline:
        """Build a pipeline of freshly initialised networks: for tests, and as a start for training."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            networks = tgn.TGN(tgn.CONFIGS[config]), spamattnet.SPAMattNet(spamattnet.CONFIGS[config])
        return cls(*networks, device=device)

    def save_pretrained(
        self, folder: str | Path, dtype: torch.dtype = torch.float32, *, card: str | None = None
    ) -> None:
        """Write both networks with their configurations into a folder, which `from_pretrained` reads.

        `card` becomes the folder's README.md: what the weights were made from and what they score.
        """
        for name, network in self._originals.items():
            weights.save_weights(network, Path(folder) / weights.FILES[name], dtype)
        if card is not None:
            write_whole(Path(folder) / "README.md", card)

    def push_to_hub(
        self,
        repository: str,
        *,
        private: bool = False,
        token: str | None = None,
        card: str | None = None,
        api: HfApi | None = None,
    ) -> str:
        """Upload both networks to a hub repository, made if it does not exist; returns its address.

        Args:
            repository: "someone/name".
            private: whether only its owner may see it.
            token: of the hub; by default the one that `hf auth login` stored.
            card: the repository's README.md.
            api: a client of another hub; by default one of huggingface.co with the token.
        """
        from tempfile import TemporaryDirectory

        if api is None:
            from huggingface_hub import HfApi

            api = HfApi(token=token)
        address = api.create_repo(repository, private=private, exist_ok=True)
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder, card=card)
            api.upload_folder(repo_id=repository, folder_path=folder, commit_message="Upload TriMatte weights")
        return str(address)

    def __call__(
        self,
        image: Source,
        *,
        coarse_mask: Source | None = None,
        trimap: Source | None = None,
        points: list[Point] | None = None,
        box: Box | None = None,
        coarse: str = DEFAULT,
        fusion: Fusion = "hard",
    ) -> MattingResult:
        """Make a matte from a photo and one kind of guidance.

        Args:
            image: the photo.
            coarse_mask: where the object is, roughly; TGN makes the trimap.
            trimap: a trimap of one's own, kept exactly in the known regions.
            points: (x, y, 1 on the object or 0 not) in pixels, for the segmenter `coarse`; the trimap keeps to them.
            box: (x0, y0, x1, y1) around the object, for the segmenter `coarse`; nothing outside of it is left.
            coarse: name of the segmenter, see `matting.coarse.load_segmenter`.
            fusion: "hard" keeps TGN's known regions; "soft" weighs by its probabilities (Eq. 13-15).

        Raises:
            ValueError: where an input cannot be used, names no object, or nothing is left, in one sentence.
        """
        _check_fusion(fusion)
        prompted = box is not None or (points is not None and len(points) > 0)
        _check_guidance(coarse_mask is not None, trimap is not None, prompted)
        photo, opacity, notices = read_shown(image)
        size = photo.shape[:2]
        if trimap is not None:
            regions, remarks = read_trimap(trimap, size)
            emptiness.check_trimap(regions, name_source(trimap, "trimap"))
            return self._answer(photo, opacity, regions, None, None, fusion, notices + remarks)
        if coarse_mask is not None:
            mask, remarks = read_mask(coarse_mask, size)
            emptiness.check_mask(mask, name_source(coarse_mask, "mask"))
        else:
            mask = self._coarse_mask(photo, points, box, coarse)
            unnamed = "No object was named, so a box in the middle of the photo was taken."
            remarks = () if prompted or not needs_prompts(coarse) else (unnamed,)
        if opacity is not None and np.array_equal(np.rint(mask * 255), opacity):  # it asks for all that is shown
            return MattingResult(photo, mask, clean(opacity), None, mask, notices + remarks)
        probabilities = self._probabilities(photo, mask)
        regions = _promised(probabilities, mask, _prompts(points, box, size))
        return self._answer(photo, opacity, regions, probabilities, mask, fusion, notices + remarks)

    def _answer(
        self,
        photo: np.ndarray,
        opacity: np.ndarray | None,
        regions: np.ndarray,
        probabilities: np.ndarray | None,
        mask: np.ndarray | None,
        fusion: Fusion,
        notices: tuple[str, ...],
    ) -> MattingResult:
        """Estimate alpha; nothing is opaquer than it was in the photo, uint8 (H, W), unless all of that is opaque."""
        regions = drop_transparent(regions, opacity)
        alpha = hold_to(self._alpha(photo, regions, probabilities, fusion), opacity)
        emptiness.check_alpha(alpha)
        return MattingResult(photo, alpha, regions, probabilities, mask, notices)

    def segmenter(self, name: str) -> Segmenter:
        """Return a segmenter by name, loaded once.

        Raises:
            ValueError: for an unknown name.
            SegmenterUnavailable: where its weights cannot be had.
        """
        name = ALIASES.get(name, name)
        with self._lock:
            if name not in self._segmenters:
                self._segmenters[name] = load_segmenter(name, device=str(self.device))
            return self._segmenters[name]

    def coarse_mask(
        self,
        image: Source,
        points: list[Point] | None = None,
        box: Box | None = None,
        coarse: str = DEFAULT,
    ) -> np.ndarray:
        """Find the object, float32 (H, W) in [0, 1].

        Without points and box the middle of the photo is taken, or what a segmenter finds that needs no prompts.
        Raises ValueError where an input cannot be used, or no object is found.
        """
        photo, _ = read_photo(image)
        return self._coarse_mask(photo, points, box, coarse)

    def _coarse_mask(
        self,
        photo: np.ndarray,
        points: list[tuple[float, float, int]] | None,
        box: tuple[float, float, float, float] | None,
        coarse: str,
    ) -> np.ndarray:
        size = photo.shape[:2]
        segmenter = self.segmenter(coarse)
        prompts = as_asked(coarse, _prompts(points, box, size), size)
        mask = segmenter.segment(segmenter.embed(photo), prompts).best
        emptiness.check_found(mask, coarse)
        return mask

    def trimap_probabilities(self, image: Source, coarse_mask: Source) -> np.ndarray:
        """Probabilities of background, unknown and foreground by TGN, float32 (H, W, 3).

        TGN looks around what the mask covers (`inference.around_object`), and its answer keeps to the mask
        (`trimaps.mask_promises`).
        """
        photo, _ = read_photo(image)
        mask, _ = read_mask(coarse_mask, photo.shape[:2])
        return self._probabilities(photo, mask)

    def _probabilities(self, photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return keep_to_mask(around_object.estimate_trimap(self._tgn, photo, mask), mask)

    def trimap(
        self, image: Source, coarse_mask: Source, points: list[Point] | None = None, box: Box | None = None
    ) -> np.ndarray:
        """Most probable trimap by TGN, uint8 (H, W) in {0, 128, 255}: ready to be edited.

        With the points and the box that the mask came from, it keeps to them (`trimaps.editing.keep_promises`).
        """
        photo, _ = read_photo(image)
        size = photo.shape[:2]
        mask, _ = read_mask(coarse_mask, size)
        return _promised(self.trimap_probabilities(photo, mask), mask, _prompts(points, box, size))

    def alpha(
        self,
        image: Source,
        trimap: Source,
        probabilities: np.ndarray | None = None,
        fusion: Fusion = "hard",
    ) -> np.ndarray:
        """Alpha float32 (H, W) in [0, 1] by SPAMattNet, which looks around the object, fused with the trimap.

        Args:
            image: the photo.
            trimap: TGN's, an edited one or one's own; without any unknown pixel, alpha is the trimap.
            probabilities: TGN's (H, W, 3), needed for soft fusion; where the trimap was painted it counts as certain.
            fusion: "hard" or "soft".
        """
        _check_fusion(fusion)
        photo, _ = read_photo(image)
        regions, _ = read_trimap(trimap, photo.shape[:2])
        return self._alpha(photo, regions, probabilities, fusion)

    def _alpha(
        self,
        photo: np.ndarray,
        regions: np.ndarray,
        probabilities: np.ndarray | None = None,
        fusion: Fusion = "hard",
        scale: float | None = None,
    ) -> np.ndarray:
        """Do as `alpha` on checked arrays; a preview's crop is looked at whole, at the `scale` of the whole pass."""
        if not (regions == UNKNOWN).any():
            return hard_fusion(np.zeros(regions.shape, np.float32), regions)
        soft = fusion == "soft" and probabilities is not None
        if soft and probabilities.shape != (*regions.shape, 3):
            raise ValueError(
                f"The trimap's probabilities should have the shape {(*regions.shape, 3)}, got {probabilities.shape}."
            )
        weights = painted_probabilities(probabilities, regions) if soft else None
        asked = regions == UNKNOWN
        if weights is not None:
            asked |= needed(weights)
        if scale is None:
            alpha = around_object.estimate_alpha(self._spamattnet, photo, regions, asked)
        else:
            alpha = whole_photo.estimate_alpha(self._spamattnet, photo, regions, scale, asked)
        return hard_fusion(alpha, regions) if weights is None else soft_fusion(alpha, weights)

    def preview(
        self,
        image: Source,
        trimap: Source,
        alpha: np.ndarray,
        changed: np.ndarray,
        probabilities: np.ndarray | None = None,
        fusion: Fusion = "hard",
    ) -> np.ndarray:
        """Alpha around a changed part of the trimap alone, joined with the old one: quick, but approximate.

        Args:
            image: the photo.
            trimap: the trimap as it is now.
            alpha: alpha before the change, float32 (H, W) in [0, 1].
            changed: booleans (H, W), the pixels where the trimap changed.
            probabilities: as for `alpha`.
            fusion: as for `alpha`.

        Raises:
            ValueError: where an input cannot be used or sizes differ.
        """
        photo, _ = read_photo(image)
        regions, _ = read_trimap(trimap, photo.shape[:2])
        if not alpha.shape == changed.shape == regions.shape:
            raise ValueError(
                f"The old alpha and what changed should have the photo's size {regions.shape}, "
                f"got {alpha.shape} and {changed.shape}."
            )
        crop = preview.crop_around(changed)
        if crop is None:
            return alpha.copy()
        nearby = None if probabilities is None else probabilities[crop]
        scale = around_object.working_scale(self._spamattnet, regions)
        return preview.paste(alpha, self._alpha(photo[crop], regions[crop], nearby, fusion, scale), crop, changed)


def _again(parts: dict[str, Any], device: str, dtype: torch.dtype) -> MattingPipeline:
    """Build a pipeline of what `MattingPipeline.__reduce__` has kept."""
    networks = {}
    for name, (kind, config, state) in parts.items():
        networks[name] = kind(config).eval()
        networks[name].load_state_dict(state)
    return MattingPipeline(**networks, device=device, dtype=dtype)


def _prompts(points: list[Point] | None, box: Box | None, size: tuple[int, int]) -> Prompts:
    return Prompts(() if points is None else tuple(points), box).checked(size)


def _promised(probabilities: np.ndarray, mask: np.ndarray, prompts: Prompts) -> np.ndarray:
    """The most probable trimap, held to what was clicked."""
    regions = from_probabilities(probabilities)
    return keep_promises(regions, mask, prompts.points, prompts.box, probabilities)


def _check_guidance(*given: bool) -> None:
    if sum(given) > 1:
        raise ValueError("Give one of coarse_mask, trimap, or points and box, not several of them.")


def _check_fusion(fusion: str) -> None:
    if fusion not in get_args(Fusion):
        raise ValueError(f'fusion is "hard" or "soft", got {fusion!r}.')
