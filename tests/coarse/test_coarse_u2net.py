"""U2Net as a segmenter, and clicks and boxes that choose among the parts of a mask."""

import pickle

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from network_cases import narrowest_pipeline
from pictures import clouds
from PIL import Image
from safetensors.torch import save_file
from strategies import masks, sizes

from matting import MattingPipeline
from matting.__main__ import main
from matting.coarse import Prompts, SegmenterUnavailable, load_segmenter, needs_prompts, u2net
from matting.coarse.parts import choose_parts, expected_iou
from matting.coarse.u2net import Saliency
from matting.networks.backbones.u2net import CONFIGS, U2Net


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return U2Net(CONFIGS["u2netp"]).eval()


@pytest.fixture(scope="module")
def checkpoint(network, tmp_path_factory):
    """A file as the official ones are: a pickled dictionary of tensors."""
    path = tmp_path_factory.mktemp("official") / "u2netp.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def segmenter(checkpoint):
    return load_segmenter("u2netp", source=checkpoint)


@pytest.fixture(autouse=True)
def small_side(monkeypatch):
    """Look at photos at 64 x 64: the answers are other ones, the laws are the same."""
    monkeypatch.setattr(u2net, "SIDE", 64)


def three_parts():
    """A soft mask, 30 x 40, with parts of 64, 32 and 12 pixels whose rims fade."""
    mask = np.full((30, 40), 0.1, np.float32)
    mask[2:10, 2:10], mask[20:24, 4:12], mask[12:15, 30:34] = 1, 0.9, 0.8
    mask[1, 2:10] = 0.4
    return mask


def test_the_mask_is_the_networks_first_output_stretched_at_the_photos_size(network, segmenter):
    image = clouds((45, 61))
    square = cv2.resize(image, (64, 64), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
    with torch.no_grad():
        saliency = network(torch.from_numpy(square.transpose(2, 0, 1).copy())[None])[0][0, 0].numpy()
    saliency = (saliency - saliency.min()) / (saliency.max() - saliency.min())
    expected = cv2.resize(saliency, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    answer = segmenter.segment(segmenter.embed(image), Prompts())
    assert answer.masks.shape == (1, 45, 61) and answer.masks.dtype == np.float32
    assert np.abs(answer.best - expected).max() < 0.05  # OpenCV rounds the enlarged photo to bytes
    assert answer.best.std() > 0.05


def test_photos_are_seen_at_320_x_320_as_the_official_weights_were_trained(monkeypatch, segmenter):
    monkeypatch.undo()
    assert segmenter.embed(clouds((45, 61))).values.shape == (320, 320)


def test_an_embedding_survives_pickling(segmenter):
    embedding = segmenter.embed(clouds((45, 61)))
    again = pickle.loads(pickle.dumps(embedding))
    for prompts in (Prompts(), Prompts(points=[(3, 4, 1)])):
        one, two = (segmenter.segment(e, prompts).masks for e in (embedding, again))
        np.testing.assert_array_equal(one, two)


def test_clicks_choose_among_the_parts_and_a_photo_is_seen_once(segmenter):
    embedding = Saliency(cv2.resize(three_parts(), (64, 64), interpolation=cv2.INTER_NEAREST), (30, 40))
    whole = segmenter.segment(embedding, Prompts())
    first = segmenter.segment(embedding, Prompts(points=[(5, 5, 1)]))
    assert (first.best[:12, :14] == whole.best[:12, :14]).all() and first.best[18:].max() == 0
    assert whole.scores[0] > first.scores[0] > 0


def test_points_outside_the_photo_are_refused_in_words(segmenter):
    with pytest.raises(ValueError, match="lies outside the photo"):
        segmenter.segment(segmenter.embed(clouds((45, 61))), Prompts(points=[(61, 3, 1)]))


def answers(segmenter):
    return segmenter.segment(segmenter.embed(clouds((45, 61))), Prompts()).masks


def test_safetensors_folders_and_names_with_a_source_load_the_same(network, segmenter, checkpoint, tmp_path):
    (tmp_path / "alone").mkdir()
    save_file(network.state_dict(), tmp_path / "alone" / "some.safetensors")
    parallel = {f"module.{key}": value for key, value in network.state_dict().items()}
    torch.save(parallel, tmp_path / "parallel.pth")
    alone = tmp_path / "alone"
    for source in (alone, alone / "some.safetensors", checkpoint.parent, tmp_path / "parallel.pth"):
        np.testing.assert_array_equal(answers(load_segmenter(f"u2netp:{source}")), answers(segmenter))


def test_batch_norm_counters_may_be_missing(network, segmenter, tmp_path):
    old = {key: value for key, value in network.state_dict().items() if "num_batches" not in key}
    torch.save(old, tmp_path / "u2netp.pth")
    np.testing.assert_array_equal(answers(load_segmenter("u2netp", source=tmp_path)), answers(segmenter))


def unavailable(name, source):
    with pytest.raises(SegmenterUnavailable) as error:
        load_segmenter(name, source=source)
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text and text.count(". ") == 0 and "GrabCut" in text, text
    return text


def test_the_other_networks_weights_are_called_by_their_name(checkpoint):
    assert "holds the weights of u2netp, so name it u2netp" in unavailable("u2net", checkpoint)


def test_weights_that_do_not_fit_are_counted(network, tmp_path):
    state = network.state_dict() | {"side1.weight": torch.zeros(2, 64, 3, 3), "head.bias": torch.zeros(1)}
    del state["outconv.bias"]
    torch.save(state, tmp_path / "u2netp.pth")
    text = unavailable("u2netp", tmp_path)
    assert "1 tensor is missing, 1 tensor is left over, 1 tensor is of another shape" in text


def test_damaged_dangerous_ambiguous_and_absent_files_are_unavailable(network, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    torch.save({"stage1": Evil()}, tmp_path / "evil.pth")
    assert "not opened for safety" in unavailable("u2netp", tmp_path / "evil.pth")
    assert not (tmp_path / "opened").exists()
    torch.save([1, 2], tmp_path / "list.pth")
    assert "named tensors" in unavailable("u2netp", tmp_path / "list.pth")
    (tmp_path / "half.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{")
    unavailable("u2netp", tmp_path / "half.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    assert "2 safetensors files" in unavailable("u2netp", tmp_path)


def test_the_hub_is_asked_where_nothing_is_named(monkeypatch, tmp_path):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "netradrishti/u2net-saliency" in unavailable("u2net", None)


def test_names_say_whether_a_prompt_is_needed_and_take_a_source():
    assert not any(needs_prompts(name) for name in ("u2net", "u2netp:some.pth", "transformers:a/b#c"))
    assert needs_prompts("grabcut") and needs_prompts("sam") and needs_prompts("segment-anything:x.pth")
    with pytest.raises(ValueError, match="no segmenter 'u3net:x'"):
        needs_prompts("u3net:x")
    with pytest.raises(ValueError, match="Two sources are given for u2net, a and b"):
        load_segmenter("u2net:a", source="b")
    with pytest.raises(ValueError, match="segment-anything needs weights of your own; write them as segment-anything:"):
        load_segmenter("segment-anything")
    with pytest.raises(ValueError, match="grabcut has no weights"):
        load_segmenter("grabcut:somewhere")


def test_without_prompts_the_pipeline_takes_what_stands_out_and_no_box(checkpoint, segmenter):
    pipeline = MattingPipeline.untrained(device="cpu")
    image = clouds((45, 61))
    np.testing.assert_array_equal(pipeline.coarse_mask(image, coarse=f"u2netp:{checkpoint}"), answers(segmenter)[0])
    assert pipeline(image, coarse=f"u2netp:{checkpoint}").notices == ()


def kept(prompts, mask=None):
    return choose_parts(three_parts() if mask is None else mask, prompts) >= 0.5


def test_without_prompts_and_without_an_object_the_mask_stays():
    np.testing.assert_array_equal(choose_parts(three_parts(), Prompts()), three_parts())
    faint = np.full((5, 6), 0.3)
    np.testing.assert_array_equal(choose_parts(faint, Prompts(points=[(1, 1, 1)])), faint.astype(np.float32))


def test_a_plus_chooses_the_part_it_hits_or_else_the_nearest_and_several_join():
    assert kept(Prompts(points=[(5, 5, 1)])).sum() == 64
    assert kept(Prompts(points=[(36, 25, 1)])).sum() == 12
    assert kept(Prompts(points=[(5, 5, 1), (31, 13, 1)])).sum() == 64 + 12


def test_a_minus_drops_the_part_it_hits_and_nothing_where_it_hits_none():
    assert kept(Prompts(points=[(5, 5, 0)])).sum() == 32 + 12
    assert kept(Prompts(points=[(20, 5, 0)])).sum() == 64 + 32 + 12
    assert kept(Prompts(points=[(5, 5, 0), (6, 6, 1)])).sum() == 64


def test_a_box_cuts_and_drops_what_lies_mostly_outside_unless_nothing_is_left():
    assert kept(Prompts(box=(0, 0, 40, 22))).sum() == 64 + 2 * 8 + 12  # half of the second part's rows
    assert kept(Prompts(box=(0, 0, 40, 21))).sum() == 64 + 12
    assert kept(Prompts(box=(2, 2, 5, 5))).sum() == 9
    assert kept(Prompts(points=[(5, 21, 1)], box=(0, 0, 40, 21))).sum() == 8


def test_the_soft_rim_goes_with_its_part():
    mask = choose_parts(three_parts(), Prompts(points=[(5, 5, 1)]))
    assert (mask[1, 2:10] == np.float32(0.4)).all() and mask[12:15, 30:34].max() == 0


def test_expected_iou_is_the_mean_iou_of_drawn_objects_in_the_large():
    rng = np.random.default_rng(0)
    probability = rng.random((200, 200)).astype(np.float32)
    mask = (np.arange(200) < 120)[:, None] & np.ones(200, bool)
    drawn = [rng.random(mask.shape) < probability for _ in range(20)]
    mean = np.mean([(o & mask).sum() / (o | mask).sum() for o in drawn])
    assert expected_iou(probability, mask.astype(np.float32)) == pytest.approx(mean, rel=0.01)
    assert expected_iou(np.zeros((2, 2)), np.zeros((2, 2))) == 0


@given(sizes.flatmap(masks), st.data())
def test_choosing_never_adds_to_a_mask(inside, data):
    height, width = inside.shape
    point = st.tuples(st.integers(0, width - 1), st.integers(0, height - 1), st.integers(0, 1))
    prompts = Prompts(points=data.draw(st.lists(point, max_size=3)))
    chosen = choose_parts(inside.astype(np.float32), prompts)
    assert (chosen <= inside).all()
    for x, y in ((int(x), int(y)) for x, y in prompts.positive):
        assert chosen[y, x] == inside[y, x]


def test_the_command_line_takes_weights_after_the_name_and_speaks_of_no_box(checkpoint, tmp_path, capsys):
    narrowest_pipeline().save_pretrained(tmp_path / "weights")
    Image.fromarray(clouds((45, 61))).save(tmp_path / "photo.png")
    words = ["matte", tmp_path / "photo.png", "--out", tmp_path, "--weights", tmp_path / "weights", "--device", "cpu"]
    assert main([*map(str, words), "--coarse", f"u2netp:{checkpoint}"]) == 0
    assert "centred box" not in capsys.readouterr().err
    assert (tmp_path / "photo_alpha.png").exists()
    assert main([*map(str, words), "--coarse", f"u2net:{checkpoint}", "--overwrite"]) == 2
    assert "name it u2netp" in capsys.readouterr().err
    assert main([*map(str, words), "--coarse", "u3net"]) == 2
    assert "no segmenter 'u3net'" in capsys.readouterr().err
