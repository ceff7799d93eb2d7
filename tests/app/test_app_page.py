"""The page as a whole: its one public endpoint, its queues, its look."""

from __future__ import annotations

import re
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

import numpy as np
import pytest

from matting.app import launch_options
from matting.app.backend import gpu
from matting.app.parts.assets import captioned
from matting.app.pick.segmenter_menu import first_segmenter
from matting.coarse import DEFAULT, SEGMENTERS


def test_matte_is_the_one_public_endpoint(built):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        info = built.get_api_info()
    assert list(info["named_endpoints"]) == ["/matte"]
    assert not info["unnamed_endpoints"]
    names = [parameter["parameter_name"] for parameter in info["named_endpoints"]["/matte"]["parameters"]]
    assert names == ["photo", "mask", "trimap", "points", "box", "fusion", "metadata"]


def test_networks_wait_in_one_line_and_clicks_are_never_dropped(built):
    listeners = {fn.name: fn for fn in built.fns.values()}
    heavy = [listeners[name] for name in ("segment", "find", "cut_out", "matte")]
    assert {listener.concurrency_id for listener in heavy} == {"gpu"}
    assert listeners["click"].trigger_mode == "multiple"


def test_the_browser_reads_the_trimaps_editor_out_for_its_own_tools_alone(built):
    """It draws, encodes and uploads a picture for that, whenever a listener with the editor tells its progress."""
    (editor,) = (one for one in built.blocks.values() if getattr(one, "elem_id", None) == "trimap-editor")
    own = {"apply", "undo", "redo", "reset", "widen", "narrow", "choose_band", "cure_trimap"}
    own |= {"preview", "cut_out", "keep_strokes"}
    assert {fn.name for fn in built.fns.values() if editor in fn.inputs} == own
    told = {fn.name for fn in built.fns.values() if editor in (fn.show_progress_on or fn.outputs) and fn.fn}
    assert not told


def test_the_look_needs_no_network():
    options = launch_options()
    sheets = "".join(Path(sheet).read_text() for sheet in options["css_paths"])
    assert not options["theme"]._stylesheets
    assert not re.search(r"url\([\"']?https?:|@import", sheets + options["theme"]._get_theme_css())


def test_clicks_are_understood_by_sam_where_its_weights_are_and_by_what_is_bundled_elsewhere(monkeypatch, tmp_path):
    """A cache as huggingface_hub lays it out, first without and then with the weights of SAM 2.1 tiny."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert first_segmenter() == DEFAULT
    repository = tmp_path / "models--facebook--sam2.1-hiera-tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    assert first_segmenter() == DEFAULT
    (snapshot / "model.safetensors").write_bytes(b"")
    assert first_segmenter() == "sam2.1-tiny"


def test_every_segmenter_can_be_chosen_and_every_example_is_there(app):
    assert [name for _, name in app.page.pick.segmenter.choices] == list(SEGMENTERS)
    assert len(captioned("examples")) >= 4


def test_off_spaces_every_step_is_computed_in_one_thread_in_the_context_of_its_caller(pipeline):
    told = ContextVar("told")

    def step(image, fails=False):
        if fails:
            raise ValueError("This photo is empty.")
        return image, threading.get_ident(), told.get("nothing")

    first, second = gpu.on_gpu(step), gpu.on_gpu(lambda image: step(image))
    told.set("halfway")
    image, thread, known = first("photo")
    assert (image, known) == ("photo", "halfway") and thread != threading.get_ident()
    with ThreadPoolExecutor(2) as callers:
        assert {callers.submit(second, "photo").result()[1] for _ in range(4)} == {thread}
    with pytest.raises(ValueError, match="is empty"):
        first("photo", fails=True)


def test_the_page_knows_where_the_networks_run(pipeline):
    assert gpu.describe(pipeline.device).startswith("Running on")
    assert gpu.seconds_for(np.zeros((2160, 3840, 3), np.uint8)) > gpu.seconds_for(np.zeros((64, 64, 3), np.uint8))
