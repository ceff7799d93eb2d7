"""SAM and SAM 2: the real transformers classes, tiny and random, saved and loaded in the hub's format."""

import json
import pickle
import socket
import time

import numpy as np
import pytest
import torch
from pictures import noise
from transformers import (
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2MaskDecoderConfig,
    Sam2Model,
    Sam2Processor,
    Sam2PromptEncoderConfig,
    Sam2VisionConfig,
    SamConfig,
    SamMaskDecoderConfig,
    SamModel,
    SamProcessor,
    SamPromptEncoderConfig,
    SamVisionConfig,
)

from matting.coarse import Prompts, SegmenterUnavailable, load_segmenter
from matting.coarse.sam import enlarge_logits

SIDE = 64
SIZES = [(45, 61), (97, 33), (64, 64), (1, 7)]


def tiny_sam2():
    """Build SAM 2 with a few thousand parameters and inputs of 64 x 64."""
    from transformers import Sam2ImageProcessor

    backbone = Sam2HieraDetConfig(
        hidden_size=8, num_attention_heads=1, image_size=[SIDE, SIDE], blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[8, 4, 4, 2], global_attention_blocks=[3],
        window_positional_embedding_background_size=[2, 2],
    )  # fmt: skip
    vision = Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=[64, 32, 16, 8], fpn_hidden_size=16,
        backbone_feature_sizes=[[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2],
    )  # fmt: skip
    prompts = Sam2PromptEncoderConfig(hidden_size=16, image_size=SIDE, patch_size=16, mask_input_channels=4)
    decoder = Sam2MaskDecoderConfig(
        hidden_size=16, mlp_dim=32, num_hidden_layers=2, num_attention_heads=2, iou_head_hidden_dim=16
    )
    model = Sam2Model(Sam2Config(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder))
    side = {"height": SIDE, "width": SIDE}
    return model, Sam2Processor(Sam2ImageProcessor(size=side, mask_size={"height": SIDE // 4, "width": SIDE // 4}))


def tiny_sam():
    """Build SAM with a few thousand parameters and inputs of at most 64 x 64."""
    from transformers import SamImageProcessor

    vision = SamVisionConfig(
        hidden_size=16, output_channels=16, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE,
        patch_size=8, window_size=4, global_attn_indexes=[1], num_pos_feats=8, mlp_dim=32,
    )  # fmt: skip
    prompts = SamPromptEncoderConfig(hidden_size=16, image_size=SIDE, patch_size=8, mask_input_channels=4)
    decoder = SamMaskDecoderConfig(
        hidden_size=16, mlp_dim=32, num_hidden_layers=2, num_attention_heads=2, iou_head_hidden_dim=16
    )
    model = SamModel(SamConfig(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder))
    side = {"height": SIDE, "width": SIDE}
    return model, SamProcessor(SamImageProcessor(size={"longest_edge": SIDE}, pad_size=side))


FAMILIES = {"sam2.1-tiny": tiny_sam2, "sam-vit-b": tiny_sam}


def lively(model):
    """Make the weights random and large enough that prompts show in the masks; norms stay as they are."""
    generator = torch.Generator().manual_seed(3)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            gain = 1 if name.startswith("prompt_encoder") else 2 * parameter[0].numel() ** -0.5
            parameter.data = torch.randn(parameter.shape, generator=generator) * gain
    return model.eval()


@pytest.fixture(scope="module", params=FAMILIES)
def saved(request, tmp_path_factory):
    """Save model and processor as the hub has them; returns name, folder, model and processor."""
    model, processor = FAMILIES[request.param]()
    folder = tmp_path_factory.mktemp(request.param)
    lively(model).save_pretrained(folder)
    processor.save_pretrained(folder)
    return request.param, folder, model, processor


@pytest.fixture(scope="module")
def segmenter(saved):
    return load_segmenter(saved[0], source=saved[1])


def in_one_go(model, processor, image, **prompts):
    """What transformers itself makes of photo and prompts: mask logits at the photo's size, and scores."""
    inputs = processor(images=image, input_data_format="channels_last", return_tensors="pt", **prompts)
    sizes = {"original_sizes": inputs.pop("original_sizes")}
    if "reshaped_input_sizes" in inputs:
        sizes["reshaped_input_sizes"] = inputs.pop("reshaped_input_sizes")
        pad_size = {"pad_size": {"height": SIDE, "width": SIDE}}
    else:
        pad_size = {}
    inputs = {key: v.float() if v.dtype == torch.float64 else v for key, v in inputs.items()}
    with torch.no_grad():
        output = model(**inputs, multimask_output=True)
    logits = processor.image_processor.post_process_masks(
        output.pred_masks, *sizes.values(), binarize=False, **pad_size
    )
    return logits[0][0].sigmoid().numpy(), output.iou_scores[0, 0].numpy()


@pytest.mark.parametrize("size", SIZES)
def test_three_candidates_come_at_the_photos_size_best_first(segmenter, size):
    answer = segmenter.segment(segmenter.embed(noise(size)), Prompts(points=[(0, 0, 1)]))
    assert answer.masks.shape == (3, *size) and answer.masks.dtype == np.float32
    assert answer.scores.shape == (3,) and answer.scores.dtype == np.float32
    assert 0 <= answer.masks.min() and answer.masks.max() <= 1
    assert (np.diff(answer.scores) <= 0).all()
    assert answer.best is not None and np.array_equal(answer.best, answer.masks[0])


@pytest.mark.parametrize("size", SIZES[:3])
@pytest.mark.parametrize(
    "prompts",
    [
        Prompts(points=[(20, 30, 1)]),
        Prompts(points=[(20, 30, 1), (5, 6, 0), (31, 2, 1)]),
        Prompts(box=(3, 5, 30, 41)),
        Prompts(points=[(20, 30, 1), (9, 9, 0)], box=(3, 5, 30, 41)),
    ],
)
def test_embedding_and_then_asking_equals_transformers_in_one_go(saved, segmenter, size, prompts):
    _, _, model, processor = saved
    image = noise(size)
    asked = {}
    if prompts.points:
        asked["input_points"] = [[[list(p[:2]) for p in prompts.points]]]
        asked["input_labels"] = [[[p[2] for p in prompts.points]]]
    if prompts.box:
        asked["input_boxes"] = [[list(prompts.box)]]
    masks, scores = in_one_go(model, processor, image, **asked)
    answer = segmenter.segment(segmenter.embed(image), prompts)
    order = np.argsort(-scores, kind="stable")
    np.testing.assert_allclose(answer.scores, scores[order], atol=1e-5)
    np.testing.assert_allclose(answer.masks, masks[order], atol=1e-4)


def test_a_photo_is_encoded_once_however_often_one_clicks(segmenter):
    runs = []
    handle = segmenter.model.vision_encoder.register_forward_hook(lambda *_: runs.append(1))
    try:
        embedding = segmenter.embed(noise((40, 50)))
        for x in range(5):
            segmenter.segment(embedding, Prompts(points=[(x, 3, 1)]))
        assert len(runs) == 1
    finally:
        handle.remove()


def test_a_negative_point_a_box_and_another_place_each_change_the_answer(segmenter):
    embedding = segmenter.embed(noise((40, 50)))
    answers = [
        segmenter.segment(embedding, prompts).masks
        for prompts in [
            Prompts(points=[(10, 10, 1)]),
            Prompts(points=[(10, 10, 1), (30, 20, 0)]),
            Prompts(points=[(10, 10, 1), (30, 20, 1)]),
            Prompts(points=[(10, 10, 1)], box=(4, 4, 30, 30)),
            Prompts(box=(4, 4, 30, 30)),
            Prompts(points=[(40, 35, 1)]),
        ]
    ]
    for i, answer in enumerate(answers):
        for other in answers[:i]:
            assert np.abs(answer - other).max() > 1e-3, i


def test_nothing_said_and_only_minus_points_mean_the_centred_box(segmenter):
    embedding = segmenter.embed(noise((40, 50)))
    box = (5, 4, 45, 36)
    nothing = segmenter.segment(embedding, Prompts())
    np.testing.assert_array_equal(nothing.masks, segmenter.segment(embedding, Prompts(box=box)).masks)
    minus = segmenter.segment(embedding, Prompts(points=[(9, 9, 0)]))
    both = segmenter.segment(embedding, Prompts(points=[(9, 9, 0)], box=box))
    np.testing.assert_array_equal(minus.masks, both.masks)


def test_an_embedding_survives_pickling_and_lies_on_the_cpu(segmenter):
    embedding = segmenter.embed(noise((41, 50)))
    copy = pickle.loads(pickle.dumps(embedding))
    assert all(f.device.type == "cpu" and f.dtype == torch.float32 for f in copy.features)
    prompts = Prompts(points=[(10, 10, 1)])
    again = segmenter.segment(copy, prompts)
    np.testing.assert_array_equal(again.masks, segmenter.segment(embedding, prompts).masks)


def test_photos_do_not_mix(segmenter):
    images = [noise((40, 50), 1), noise((50, 40), 2), noise((40, 50), 3)]
    prompts = Prompts(points=[(10, 10, 1)])
    alone = [segmenter.segment(segmenter.embed(image), prompts).masks for image in images]
    embeddings = [segmenter.embed(image) for image in images]
    for embedding, expected in reversed(list(zip(embeddings, alone, strict=True))):
        np.testing.assert_array_equal(segmenter.segment(embedding, prompts).masks, expected)
    assert np.abs(alone[0] - alone[2]).max() > 1e-3


def test_enlarging_equals_the_processors_own(saved, segmenter):
    embedding = segmenter.embed(noise((45, 61)))
    logits = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    sizes = [[embedding.size] * 2] + ([[embedding.resized] * 2] if saved[0] == "sam-vit-b" else [])
    pad = {"pad_size": {"height": SIDE, "width": SIDE}} if saved[0] == "sam-vit-b" else {}
    theirs = saved[3].image_processor.post_process_masks([*logits[:, None]], *sizes, binarize=False, **pad)
    torch.testing.assert_close(enlarge_logits(logits, embedding), torch.cat(list(theirs)))


def test_points_outside_and_inverted_boxes_are_refused_in_words(segmenter):
    embedding = segmenter.embed(noise((40, 50)))
    with pytest.raises(ValueError, match=r"The point \(50, 3\) lies outside the photo, which is 50x40 pixels\."):
        segmenter.segment(embedding, Prompts(points=[(50, 3, 1)]))
    with pytest.raises(ValueError, match="inverted or empty"):
        segmenter.segment(embedding, Prompts(box=(30, 3, 20, 9)))


def test_the_hubs_own_files_of_sam2_are_understood(saved, tmp_path):
    """The hub has SAM 2.1 as a video model, with the file names of older transformers."""
    name, folder, model, processor = saved
    if name == "sam2.1-tiny":
        kind, extra = "sam2_video", {"memory_attention_num_layers": 1}
    else:
        kind, extra = "sam", {}
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, **extra, "model_type": kind}))
    processor.image_processor.save_pretrained(tmp_path)
    path = tmp_path / "preprocessor_config.json"
    written = json.loads(path.read_text())
    written |= {"processor_class": "Sam2VideoProcessor"} if kind != "sam" else {"processor_class": "SamProcessor"}
    written["image_processor_type"] = "Sam2ImageProcessorFast" if kind != "sam" else "SamImageProcessor"
    path.write_text(json.dumps(written))
    old, new = load_segmenter(name, source=folder), load_segmenter(name, source=tmp_path)
    prompts, image = Prompts(points=[(10, 10, 1)]), noise((40, 50))
    np.testing.assert_array_equal(
        new.segment(new.embed(image), prompts).masks, old.segment(old.embed(image), prompts).masks
    )


def one_sentence(error):
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text and text.count(". ") == 0, text
    return text


def test_weights_without_safetensors_damaged_or_incomplete_are_unavailable(saved, tmp_path):
    name, folder, model, processor = saved
    processor.save_pretrained(tmp_path)
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")  # a pickle: never opened
    with pytest.raises(SegmenterUnavailable) as error:
        load_segmenter(name, source=tmp_path)
    assert "GrabCut" in one_sentence(error)
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(SegmenterUnavailable) as error:
        load_segmenter(name, source=tmp_path)
    assert str(tmp_path) in one_sentence(error)
    part = {key: value for key, value in model.state_dict().items() if "mask_decoder" not in key}
    model.save_pretrained(tmp_path, state_dict=part)
    with pytest.raises(SegmenterUnavailable, match="tensors are missing"):
        load_segmenter(name, source=tmp_path)


def test_a_folder_of_another_model_is_unavailable(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(SegmenterUnavailable, match="'bert'") as error:
        load_segmenter("sam", source=tmp_path)
    one_sentence(error)


def test_a_device_that_is_not_there_is_unavailable(saved):
    with pytest.raises(SegmenterUnavailable) as error:
        load_segmenter(saved[0], source=saved[1], device="banana")
    one_sentence(error)


def test_without_a_network_it_is_soon_said_what_to_do(monkeypatch, tmp_path):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    begin = time.perf_counter()
    with pytest.raises(SegmenterUnavailable) as error:
        load_segmenter("sam")
    assert time.perf_counter() - begin < 10
    text = one_sentence(error)
    assert "facebook/sam2.1-hiera-tiny" in text and "GrabCut" in text and "folder" in text


def test_a_hub_that_never_answers_does_not_hold_anyone_up(tmp_path):
    """A real server that takes the connection and says nothing, asked in a process of its own."""
    import os
    import subprocess
    import sys

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        program = (
            "import time; from matting.coarse import load_segmenter, SegmenterUnavailable\n"
            "from matting.coarse.sam import load_sam\n"
            "begin = time.perf_counter()\n"
            "try: load_segmenter('sam')\n"
            "except SegmenterUnavailable as error: print(time.perf_counter() - begin, error)\n"
        )
        away = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
        environment = {key: value for key, value in os.environ.items() if key not in away}
        environment |= {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120
        )
    seconds, sentence = done.stdout.strip().split(" ", 1)
    assert float(seconds) < 30 and "cannot be downloaded" in sentence, done.stderr


def test_what_is_in_the_hubs_cache_needs_no_network(saved, monkeypatch, tmp_path):
    """A cache as huggingface_hub lays it out: refs/main names the snapshot's folder."""
    import huggingface_hub.constants as constants

    name, folder, *_ = saved
    repository = tmp_path / "models--someone--some-sam"
    (repository / "refs").mkdir(parents=True)
    commit = "0" * 40
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots").mkdir()
    (repository / "snapshots" / commit).symlink_to(folder)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert load_segmenter(name, source="someone/some-sam").embed(noise((9, 9))).size == (9, 9)


def test_an_unknown_name_is_refused_and_the_choice_is_told():
    with pytest.raises(ValueError, match="no segmenter 'sam9'.*grabcut.*sam2.1-tiny.*sam-vit-h"):
        load_segmenter("sam9")
