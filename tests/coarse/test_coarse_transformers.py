"""Image segmentation by transformers' own classes, tiny ones, saved and loaded in the hub's format."""

import json
import pickle

import numpy as np
import pytest
import torch
from pictures import noise
from PIL import Image
from segmentation_cases import LABELS, NAMES, SIDE, lively, semantic
from transformers import (
    DetrConfig,
    DetrForSegmentation,
    DetrImageProcessor,
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    Mask2FormerImageProcessor,
    ResNetConfig,
    SwinConfig,
    pipeline,
)

from matting.coarse import Prompts, SegmenterUnavailable, as_asked, knows_names, load_segmenter
from matting.coarse.transformers_segmentation import LabelledSegmenter, Segments


def universal():
    backbone = SwinConfig(
        image_size=64, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=2,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = Mask2FormerConfig(
        backbone_config=backbone, feature_size=32, mask_feature_size=32, hidden_dim=32, encoder_feedforward_dim=16,
        encoder_layers=1, decoder_layers=2, num_attention_heads=2, dim_feedforward=16, num_queries=6, **NAMES,
    )  # fmt: skip
    return Mask2FormerForUniversalSegmentation(config), Mask2FormerImageProcessor(size=SIDE, num_labels=4)


def panoptic():
    backbone = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 12, 16], depths=[1, 1, 1, 1],
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = DetrConfig(
        backbone_config=backbone, use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, d_model=32,
        encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16, decoder_ffn_dim=16, encoder_attention_heads=8,
        decoder_attention_heads=8, num_queries=1, **NAMES,
    )  # fmt: skip
    return DetrForSegmentation(config), DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})


FAMILIES = {"semantic": semantic, "universal": universal, "panoptic": panoptic}


@pytest.fixture(scope="module", params=FAMILIES)
def saved(request, tmp_path_factory):
    model, processor = FAMILIES[request.param]()
    folder = tmp_path_factory.mktemp(request.param)
    lively(model).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def semantic_folder(tmp_path_factory):
    model, processor = semantic()
    folder = tmp_path_factory.mktemp("one")
    lively(model).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def test_segments_are_those_of_the_librarys_own_pipeline(saved):
    theirs = pipeline("image-segmentation", model=str(saved), device="cpu")(Image.fromarray(noise((48, 72))))
    assert theirs  # a test without any segment would show nothing
    segments = load_segmenter(f"transformers:{saved}").embed(noise((48, 72)))
    assert segments.labels == tuple(segment["label"] for segment in theirs)
    for number, segment in enumerate(theirs, start=1):
        np.testing.assert_array_equal(segments.index == number, np.asarray(segment["mask"]) > 0)
    assert pickle.loads(pickle.dumps(segments)).labels == segments.labels


def test_words_ask_for_labels_as_those_written_after_the_model_do(saved):
    photo, plain = noise((48, 72)), load_segmenter(f"transformers:{saved}")
    segments = plain.embed(photo)
    name = segments.labels[0].split(",")[0].split(";")[0]
    named = load_segmenter(f"transformers:{saved}#{name}")
    asked = plain.segment(segments, Prompts(words=f" {name.upper()} "))
    np.testing.assert_array_equal(asked.best, named.segment(segments, Prompts()).best)
    other = load_segmenter(f"transformers:{saved}#wall" if name != "wall" else f"transformers:{saved}#hat")
    np.testing.assert_array_equal(other.segment(segments, Prompts(words=name)).best, asked.best)
    with pytest.raises(ValueError, match="knows no label dragon; it knows wall, person"):
        plain.segment(segments, Prompts(words="dragon"))


def test_a_segmenter_that_knows_no_names_is_not_asked_by_words():
    assert knows_names("transformers:x/y#hat") and not knows_names("sam")
    with pytest.raises(ValueError, match="grabcut understands clicks and boxes, but no words"):
        as_asked("grabcut", Prompts(words="hat"), (10, 10))
    asked = as_asked("transformers:x/y", Prompts(box=(-5, 0, 90, 9), words="hat"), (10, 10))
    assert asked == Prompts(box=(0, 0, 10, 9), words="hat")


def test_a_label_is_the_union_of_its_segments_at_the_photos_size(saved):
    segments = load_segmenter(f"transformers:{saved}").embed(noise((48, 72)))
    name = segments.labels[0].split(",")[0].split(";")[0].upper()
    segmenter = load_segmenter(f"transformers:{saved}#{name}")
    answer = segmenter.segment(segmenter.embed(noise((48, 72))), Prompts())
    numbers = [n for n, label in enumerate(segments.labels, start=1) if label == segments.labels[0]]
    assert answer.masks.shape == (1, 48, 72) and answer.masks.dtype == np.float32 and answer.scores.shape == (1,)
    np.testing.assert_array_equal(answer.best, np.isin(segments.index, numbers))


def segments(instances=True):
    """A wall around two people, one with a hat, and a window of which a pixel is left out."""
    index = np.ones((20, 30), np.int32)
    index[5:15, 2:8], index[2:5, 2:8], index[5:15, 20:26], index[0:3, 12:16] = 2, 3, 4, 5
    index[0, 12] = 0
    labels = (LABELS[0], LABELS[1], LABELS[2], LABELS[1], LABELS[3])
    scores = np.array([1, 0.9, 0.8, 0.95, 0.99], np.float32)
    if not instances:  # people are one segment
        index[index == 4], labels, scores = 2, labels[:3], scores[:3]
        index[index == 5] = 1
    return Segments(labels, scores, index, instances)


def kept(labels, prompts=None, instances=True):
    answer = LabelledSegmenter(None, frozenset(labels)).segment(segments(instances), prompts or Prompts())
    return answer.best, float(answer.scores[0])


@pytest.mark.parametrize("instances", [True, False])
def test_labels_are_joined(instances):
    both, score = kept({"person", "hat"}, instances=instances)
    assert both.sum() == 60 + 18 + 60 and score == np.float32(0.8)
    assert kept({"individual"}, instances=instances)[0].sum() == 120
    assert kept({"hat"}, instances=instances)[0].sum() == 18


def test_a_click_chooses_an_object_or_a_connected_part():
    right, left = Prompts(points=[(22, 10, 1)]), Prompts(points=[(3, 10, 1)])
    for instances in (True, False):
        assert kept({"person"}, right, instances)[0][:, :15].sum() == 0
        assert kept({"person"}, right, instances)[0].sum() == 60
    assert kept({"person", "hat"}, left, instances=False)[0].sum() == 60 + 18  # they touch
    assert kept({"person", "hat"}, left)[0].sum() == 60  # an object of its own
    assert kept({"person"}, Prompts(points=[(29, 19, 1)]))[0].sum() == 60  # the nearest one
    assert kept({"person"}, Prompts(box=(15, 0, 30, 20)))[0].sum() == 60


def test_without_labels_what_is_clicked_or_fills_the_box_is_the_object():
    assert kept({}, Prompts(points=[(3, 3, 1)]))[0].sum() == 18
    assert kept({}, Prompts(points=[(3, 3, 1), (3, 10, 1)]))[0].sum() == 78
    assert kept({}, Prompts(box=(19, 4, 27, 16)))[0].sum() == 60
    assert kept({}, Prompts(points=[(22, 10, 1)]), instances=False)[0].sum() == 60


def test_what_is_not_found_is_said_with_what_is():
    with pytest.raises(ValueError, match=r"No cat or dog was found in this photo; found were Hat, person.*wall, wind"):
        kept({"dog", "cat"})
    with pytest.raises(ValueError, match="knows nothing there"):
        kept({}, Prompts(points=[(12, 0, 1)]))
    with pytest.raises(ValueError, match="Click on the object, or say its label"):
        kept({})
    with pytest.raises(ValueError, match="lies outside the photo"):
        kept({"hat"}, Prompts(points=[(30, 3, 1)]))


def test_an_unknown_label_is_refused_with_those_there_are(semantic_folder):
    with pytest.raises(ValueError, match="no label cat or dog; it knows wall, person, individual, Hat, windowpane"):
        load_segmenter(f"transformers:{semantic_folder}#dog, hat, Window, cat")


def unavailable(source, device="cpu"):
    with pytest.raises(SegmenterUnavailable) as error:
        load_segmenter("transformers", source=source, device=device)
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text and text.count(". ") == 0 and "GrabCut" in text, text
    return text


def test_damaged_incomplete_and_other_models_are_unavailable(semantic_folder, tmp_path, monkeypatch):
    import huggingface_hub.constants as constants

    model, processor = semantic()
    processor.save_pretrained(tmp_path)
    part = {key: value for key, value in model.state_dict().items() if "classifier" not in key}
    model.save_pretrained(tmp_path, state_dict=part)
    assert "of its tensors are missing" in unavailable(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")  # a pickle: never opened
    unavailable(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"architectures": ["SegformerForImageClassification"]}))
    assert "names SegformerForImageClassification" in unavailable(tmp_path)
    unavailable(semantic_folder, device="banana")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "someone/parser cannot be downloaded" in unavailable("someone/parser#hair")
