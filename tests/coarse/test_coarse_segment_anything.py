"""segment_anything's own classes, a few thousand parameters of them, saved as an official checkpoint is."""

import pickle
from functools import partial

import numpy as np
import pytest
import segment_anything
import torch
from pictures import noise
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

from matting.coarse import Prompts, SegmenterUnavailable, load_segmenter
from matting.coarse import segment_anything as ours

SIDE, WIDTH = 64, 16
SIZES = [(45, 61), (97, 33), (64, 64)]


def tiny(checkpoint=None):
    """Build SAM with 64 x 64 inputs, as the official builders do with theirs."""
    assert checkpoint is None  # the builder would unpickle it
    encoder = ImageEncoderViT(
        img_size=SIDE, patch_size=8, embed_dim=WIDTH, depth=2, num_heads=2, out_chans=16, qkv_bias=True,
        norm_layer=partial(torch.nn.LayerNorm, eps=1e-6), use_rel_pos=True, window_size=4, global_attn_indexes=(1,),
    )  # fmt: skip
    prompts = PromptEncoder(16, (SIDE // 8, SIDE // 8), (SIDE, SIDE), mask_in_chans=4)
    transformer = TwoWayTransformer(depth=2, embedding_dim=16, num_heads=2, mlp_dim=32)
    decoder = MaskDecoder(transformer_dim=16, transformer=transformer, iou_head_hidden_dim=16)
    return Sam(encoder, prompts, decoder)


def lively(model):
    generator = torch.Generator().manual_seed(3)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            gain = 1 if name.startswith("prompt_encoder") else 2 * parameter[0].numel() ** -0.5
            parameter.data = torch.randn(parameter.shape, generator=generator) * gain
    return model.eval()


@pytest.fixture(scope="module")
def model():
    return lively(tiny())


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Let the tiny network be one of the official ones."""
    monkeypatch.setitem(segment_anything.sam_model_registry, "tiny", tiny)
    monkeypatch.setitem(ours.KINDS, WIDTH, "tiny")


@pytest.fixture(scope="module")
def checkpoint(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("sam") / "sam_tiny.pth"
    torch.save(model.state_dict(), path)
    return path


@pytest.fixture
def segmenter(checkpoint):
    return load_segmenter(f"segment-anything:{checkpoint}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "prompts",
    [
        Prompts(points=[(20, 30, 1)]),
        Prompts(points=[(20, 30, 1), (5, 6, 0), (31, 2, 1)]),
        Prompts(box=(3, 5, 30, 41)),
        Prompts(points=[(20, 30, 1), (9, 9, 0)], box=(3, 5, 30, 41)),
    ],
)
def test_the_candidates_are_those_of_the_packages_own_predictor(model, segmenter, size, prompts):
    image = noise(size)
    predictor = segment_anything.SamPredictor(model)
    predictor.set_image(image)
    points = np.array(prompts.points, float) if prompts.points else None
    logits, scores, _ = predictor.predict(
        point_coords=None if points is None else points[:, :2],
        point_labels=None if points is None else points[:, 2],
        box=None if prompts.box is None else np.array(prompts.box),
        return_logits=True,
    )
    answer = segmenter.segment(segmenter.embed(image), prompts)
    order = np.argsort(-scores, kind="stable")
    assert answer.masks.shape == (3, *size) and answer.masks.std() > 0.01
    np.testing.assert_allclose(answer.scores, scores[order], atol=1e-5)
    np.testing.assert_allclose(answer.masks, torch.from_numpy(logits[order]).sigmoid().numpy(), atol=1e-4)


def test_a_photo_is_encoded_once_however_often_one_clicks(segmenter):
    runs = []
    segmenter.model.image_encoder.register_forward_hook(lambda *_: runs.append(1))
    embedding = segmenter.embed(noise((40, 50)))
    answers = [segmenter.segment(embedding, Prompts(points=[(x, 3, 1)])).masks for x in (1, 20, 45)]
    assert len(runs) == 1
    assert np.abs(answers[0] - answers[1]).max() > 1e-3 and np.abs(answers[1] - answers[2]).max() > 1e-3


def test_nothing_said_means_the_centred_box(segmenter):
    embedding = segmenter.embed(noise((40, 50)))
    nothing, box = (segmenter.segment(embedding, p).masks for p in (Prompts(), Prompts(box=(5, 4, 45, 36))))
    np.testing.assert_array_equal(nothing, box)
    with pytest.raises(ValueError, match="lies outside the photo"):
        segmenter.segment(embedding, Prompts(points=[(50, 3, 1)]))


def test_an_embedding_survives_pickling(segmenter):
    embedding, prompts = segmenter.embed(noise((41, 50))), Prompts(points=[(10, 10, 1)])
    again = segmenter.segment(pickle.loads(pickle.dumps(embedding)), prompts)
    np.testing.assert_array_equal(again.masks, segmenter.segment(embedding, prompts).masks)


def unavailable(source, device="cpu"):
    with pytest.raises(SegmenterUnavailable) as error:
        load_segmenter("segment-anything", source=source, device=device)
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text and text.count(". ") == 0 and "GrabCut" in text, text
    return text


def test_other_files_and_other_networks_are_said_in_words(model, checkpoint, tmp_path):
    assert "There is no checkpoint file" in unavailable(tmp_path / "none.pth")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    assert "no SAM with an image encoder 768 or 1024 or 1280" in unavailable(tmp_path / "other.pth")
    state = model.state_dict()
    del state["mask_decoder.iou_token.weight"]
    torch.save(state, tmp_path / "part.pth")
    assert "another network than SAM tiny: 1 tensor is missing" in unavailable(tmp_path / "part.pth")
    (tmp_path / "half.pth").write_bytes(checkpoint.read_bytes()[:1000])
    unavailable(tmp_path / "half.pth")
    unavailable(checkpoint, device="banana")


def test_a_pickled_program_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    torch.save({ours.WIDTH_OF: Evil()}, tmp_path / "evil.pth")
    assert "not opened for safety" in unavailable(tmp_path / "evil.pth")
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize(("kind", "width"), [("vit_b", 768), ("vit_l", 1024), ("vit_h", 1280)])
def test_the_official_networks_are_known_by_their_width(kind, width):
    with torch.device("meta"):
        encoder = segment_anything.sam_model_registry[kind]().image_encoder
    assert len(encoder.patch_embed.proj.weight) == width and ours.KINDS[width] == kind
