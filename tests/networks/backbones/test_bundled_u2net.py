"""The bundled weights of U2NetP against what their authors' weights make."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from matting import MattingPipeline
from matting.coarse import Prompts, load_segmenter
from matting.coarse.bundled import U2NETP
from matting.images import read_mask, read_photo

ROOT = Path(__file__).resolve().parents[3]
LEMUR = ROOT / "assets" / "examples" / "lemur.jpg"
REFERENCE = Path(__file__).with_name("references") / "u2netp-lemur.png"
"""The float32 weights' saliency of the lemur, averaged over 4 x 4 pixels."""


@pytest.fixture(scope="module")
def segmenter():
    return load_segmenter("u2netp")


def test_float16_sees_what_the_published_float32_weights_see(segmenter):
    found = cv2.resize(segmenter.embed(read_photo(LEMUR)[0]).values, (80, 80), interpolation=cv2.INTER_AREA)
    expected, _ = read_mask(REFERENCE, (80, 80))
    assert expected.std() > 0.3
    assert np.abs(found - expected).mean() < 0.003 and np.abs(found - expected).max() < 0.1


def test_the_maps_are_those_that_the_authors_published(segmenter, shared_data):
    pairs = [(LEMUR, REFERENCE)]
    if shared_data is not None:
        check = shared_data / "u2netp" / "check"
        pairs += [(next(check.glob(f"{path.stem.removesuffix('_saliency')}.*")), path)
                  for path in sorted(check.glob("*_saliency.png"))]  # fmt: skip
    for photo, published in pairs:
        image, _ = read_photo(photo)
        expected = cv2.imread(str(published), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
        found = cv2.resize(segmenter.embed(image).values, expected.shape[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(found - expected).mean() < 0.01, photo.name
        assert ((found > 0.5) != (expected > 0.5)).mean() < 0.01, photo.name


def test_what_stands_out_needs_no_download_and_no_prompt():
    image, _ = read_photo(LEMUR)
    mask = MattingPipeline.untrained(device="cpu").coarse_mask(image, coarse="u2netp")
    inside = mask >= 0.5
    assert inside[180:260, 300:380].mean() > 0.9 and inside[:20].mean() < 0.05


def test_weights_come_with_their_licence_and_where_they_are_from():
    assert "Apache License" in (U2NETP / "LICENSE-APACHE-2.0").read_text(encoding="utf-8")
    readme = (U2NETP / "README.md").read_text(encoding="utf-8")
    assert "xuebinqin/U-2-Net" in readme and "Apache-2.0" in readme
    assert (U2NETP / "u2netp.safetensors").stat().st_size < 2.5e6


def test_prompts_choose_among_what_stands_out(segmenter):
    embedding = segmenter.embed(read_photo(LEMUR)[0])
    everything = segmenter.segment(embedding, Prompts()).best
    boxed = segmenter.segment(embedding, Prompts(box=(300, 0, 420, 440))).best
    assert 0 < (boxed >= 0.5).sum() < (everything >= 0.5).sum()
