"""A visitor stops what is being computed: the work ends, nothing is lost, and nobody else's is touched."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from app_cases import disc, layer
from PIL import Image

from matting.app.finishing import STOPPED
from matting.app.matte_files import keep_matte
from matting.app.other_methods import CLASSICAL_METHOD, solve_closed_form
from matting.app.steps import OWN_METHOD
from matting.app.stopping import Stops
from matting.evaluation.baselines import closed_form
from matting.fusion import hard_fusion
from matting.watching import StoppedError, watched

CHOSEN = ("checkerboard", "#000000", None)


@pytest.mark.parametrize("method", [OWN_METHOD, CLASSICAL_METHOD])
def test_a_stopped_cut_out_changes_nothing_and_says_nothing(app, photo, trimap, method, monkeypatch):
    stops, told, said = Stops(), [], []
    monkeypatch.setattr("matting.app.messages.refuse", said.append)

    def stop_midway(share):
        told.append(share)
        stops.stop("me")

    with stops.at_work("me", stop_midway):
        shown = app.finishing.cut_out(layer(), photo, trimap, None, "hard", method, True, *CHOSEN)
    assert len(told) == 1
    assert set(shown) == {app.page.result.stop, app.page.result.say}
    assert not shown[app.page.result.stop].visible
    assert not said


def test_a_stop_reaches_its_own_visitor_alone_and_no_later_work(app, photo, trimap):
    stops, held, finished = Stops(), threading.Event(), []

    def work(visitor):
        def report(share):
            if visitor == "slow":
                held.wait(10)

        try:
            with stops.at_work(visitor, report):
                finished.append((visitor, app.steps.alpha(photo.image, trimap.values, None, "hard").shape))
        except StoppedError:
            finished.append((visitor, None))

    slow = threading.Thread(target=work, args=["slow"])
    slow.start()
    work("other")
    stops.stop("other")
    stops.stop("nobody")
    work("other")
    stops.stop("slow")
    held.set()
    slow.join(20)
    assert finished == [("other", photo.size), ("other", photo.size), ("slow", None)]


def test_stopping_takes_a_preview_away_and_keeps_the_cutout(app, photo, trimap):
    stage = app.page.result
    matte = keep_matte(photo, trimap, np.where(disc(30), 1, 0).astype(np.float32))
    shown = app.finishing.stopped(photo, matte, "colour", "#0000ff", None)
    after = np.asarray(Image.open(shown[stage.slider][1]))
    assert (after[0, 0] == (0, 0, 255)).all()
    assert STOPPED in shown[stage.say]
    assert app.page.states.matte not in shown
    assert set(app.finishing.stopped(photo, None, *CHOSEN)) == {stage.say, stage.stop}


def test_closed_form_that_is_watched_is_closed_form(photo, trimap):
    shares = []
    with watched(shares.append):
        alpha = solve_closed_form(photo.image, trimap.values)
    assert shares[-1] == 1
    expected = hard_fusion(closed_form(photo.image, trimap.values), trimap.values)
    assert np.array_equal(alpha, expected)
