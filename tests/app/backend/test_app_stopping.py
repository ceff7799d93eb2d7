"""A visitor stops what is being computed: the work ends, nothing is lost, and nobody else's is touched."""

from __future__ import annotations

import threading

import gradio as gr
import numpy as np
import pytest
from app_cases import disc, layer
from PIL import Image

from matting.app.backend.computations import OWN_METHOD
from matting.app.backend.other_methods import CLASSICAL_METHOD, solve_closed_form
from matting.app.backend.stopping import MOST, Stops
from matting.app.result.listeners import STOPPED
from matting.app.session.matte_files import keep_matte
from matting.inference.fusion import hard_fusion
from matting.inference.progress import StoppedError, tell, watched
from matting.methods.classical import closed_form

CHOSEN = ("checkerboard", "#000000", None)


def run(stops, job, work, **options):
    return list(stops.run(job, work, lambda share: share, **options))


@pytest.fixture(params=[OWN_METHOD, CLASSICAL_METHOD])
def method(request):
    return request.param


@pytest.fixture
def cut_out(app, photo, trimap, method):
    return lambda: app.results.cut_out(layer(), photo, trimap, None, "hard", method, True, *CHOSEN)


@pytest.fixture
def refused(monkeypatch):
    """Every sentence that a visitor would see."""
    refused = []
    monkeypatch.setattr("matting.app.parts.messages.refuse", refused.append)
    return refused


def test_a_cut_out_that_is_stopped_while_it_is_computed_changes_nothing(app, cut_out, method, refused, monkeypatch):
    stops, name = Stops(), "alpha" if method == OWN_METHOD else "other_alpha"
    step, finished, job = getattr(app.steps, name), [], stops.begin()

    def stop_and_go_on(*given):
        stops.stop(job)
        finished.append(step(*given))

    monkeypatch.setattr(app.steps, name, stop_and_go_on)
    assert run(stops, job, cut_out)[-1] == gr.skip()
    assert not finished and not refused


def test_a_cut_out_that_is_stopped_while_it_waits_never_begins(app, cut_out, refused, monkeypatch):
    stops = Stops()
    for name in ("alpha", "other_alpha"):
        monkeypatch.setattr(app.steps, name, lambda *given: pytest.fail("It began."))
    job = stops.begin()
    stops.stop(job)
    assert run(stops, job, cut_out, last=False)[-1] == gr.skip()  # as a preview
    assert run(stops, job, cut_out)[-1] == gr.skip()
    assert not refused


def test_a_stop_reaches_its_own_job_alone(app, cut_out):
    stops, matte = Stops(), app.page.states.matte
    mine, anothers = stops.begin(), stops.begin()
    stops.stop(mine)
    stops.stop(None)
    assert matte in run(stops, anothers, cut_out)[-1]
    later = stops.begin()
    assert matte in run(stops, later, cut_out)[-1]
    assert matte not in run(stops, mine, cut_out)[-1]


def test_who_stops_is_told_at_once_and_may_cut_out_again(app):
    shown = app.results.say_stopped()
    assert STOPPED in shown[app.page.result.say]
    assert not shown[app.page.result.stop].visible
    assert shown[app.page.edges.cut_out].interactive


def test_jobs_that_nobody_waits_for_are_forgotten():
    stops = Stops()
    first = stops.begin()
    for _ in range(MOST):
        stops.begin()
    stops.stop(first)
    assert len(stops._flags) == MOST


def test_how_far_the_work_is_is_said_while_it_goes_on_and_who_leaves_stops_it():
    stops, ended, goes_on = Stops(), threading.Event(), threading.Event()

    def work():
        try:
            for share in (0.1, 0.5):
                tell(share)
            goes_on.wait(10)
            tell(0.9)
        except StoppedError:
            ended.set()
            raise
        return {}

    steps = stops.run("me", work, lambda share: share)
    assert next(steps) == 0.5
    threading.Timer(0.1, goes_on.set).start()
    steps.close()
    assert ended.is_set()


def test_stopping_takes_a_preview_away_and_keeps_the_cutout(app, photo, trimap, monkeypatch):
    stage, stops = app.page.result, Stops()
    matte = keep_matte(photo, trimap, np.where(disc(30), 1, 0).astype(np.float32))
    job = stops.begin()
    stops.stop(job)
    blue = ("colour", "#0000ff", None)
    (shown,) = run(
        stops, job, lambda: app.results.cut_out(layer(), photo, trimap, matte, "hard", OWN_METHOD, True, *blue)
    )
    after = np.asarray(Image.open(shown[stage.slider][1]))
    assert (after[0, 0] == (0, 0, 255)).all()
    assert set(shown) == {stage.slider, stage.download_composite, stage.download_all}
    assert app.looks.with_looks_cleared(shown) is shown


def test_closed_form_that_is_watched_is_closed_form(photo, trimap):
    shares = []
    with watched(shares.append):
        alpha = solve_closed_form(photo.image, trimap.values)
    assert shares[-1] == 1
    expected = hard_fusion(closed_form(photo.image, trimap.values), trimap.values)
    assert np.array_equal(alpha, expected)
