"""The pipeline, the page and its listeners, built once for all of the demo's tests."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, disc

from matting import MattingPipeline
from matting.app import build
from matting.app.backend.computations import Steps
from matting.app.batch import Batches
from matting.app.corrections import Corrections
from matting.app.edges.help import TrimapHelp
from matting.app.edges.listeners import Trimaps
from matting.app.examples.listeners import ShippedExamples
from matting.app.filmstrip import Filmstrip
from matting.app.looks.listeners import CloserLooks
from matting.app.page import lay_out
from matting.app.pick.listeners import Picks
from matting.app.pick.masks import OwnMasks
from matting.app.result.listeners import Results
from matting.app.result.mattes import OwnMattes
from matting.app.session.stages import Photo, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.app.step_back import StepBack
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN


@pytest.fixture(scope="session")
def pipeline():
    return MattingPipeline.from_pretrained()


@pytest.fixture(scope="session")
def built(pipeline):
    return build(pipeline)


@pytest.fixture(scope="session")
def app(pipeline):
    """Every listener, on a page that is built but not served."""
    steps = Steps(pipeline)
    with gr.Blocks():
        page = lay_out("here")
    trimaps, picks, looks = Trimaps(page, steps), Picks(page, steps), CloserLooks(page, steps)
    results, batches = Results(page, steps, trimaps), Batches(page.batch, steps)
    shipped_examples = ShippedExamples(page, picks, trimaps, results, looks)
    step_back = StepBack(page, picks, trimaps, results, looks, shipped_examples)
    return SimpleNamespace(
        page=page,
        steps=steps,
        picks=picks,
        own=OwnMasks(picks),
        trimaps=trimaps,
        help=TrimapHelp(page, trimaps),
        results=results,
        own_mattes=OwnMattes(results, looks),
        looks=looks,
        step_back=step_back,
        strip=Filmstrip(page.strip),
        batches=batches,
        corrections=Corrections(page, step_back, batches),
    )


@pytest.fixture
def photo():
    """A bright disc on a dark ground, with some grain."""
    grain = np.random.default_rng(0).integers(0, 30, (HEIGHT, WIDTH, 3))
    return Photo.of(np.where(disc(30)[:, :, None], 200 + grain, 20 + grain).astype(np.uint8), "disc")


@pytest.fixture
def trimap(photo):
    values = np.where(disc(24), FOREGROUND, np.where(disc(36), UNKNOWN, BACKGROUND)).astype(np.uint8)
    return TrimapEdit.of_network(values, Selection.own(disc(30)), None)
