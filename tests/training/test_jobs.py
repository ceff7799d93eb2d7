import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from composite_cases import layer, photos
from network_cases import NARROWEST, NARROWEST_TGN
from pictures import disc, refused, save
from training_cases import assert_equal, read_log

import matting.training
from matting.data.datasets import HeldForegrounds
from matting.data.sets import composed, photos_without_mattes
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN
from matting.training import checkpoint
from matting.training.adaptation import Generator
from matting.training.jobs import adapt, train
from matting.training.observers import Observer
from matting.training.observers import live as live_curves
from matting.training.observers.live import LiveCurves
from matting.training.schedules import ADAPTATION_SMALL, Schedule
from matting.training.stopping import StoppedError
from matting.training.validation import HeldOutExample

SHORT = Schedule(steps=4, batch=2, warmup=2)


def data(seed=0):
    return composed(HeldForegrounds([layer(seed=seed), layer(seed=seed + 1)]), photos(), crop=64, seed=seed)


def tgn(folder, schedule=SHORT, seed=0, **options):
    options = {"config": NARROWEST_TGN, "start": None, "device": "cpu", "observers": ()} | options
    return train("tgn", data(seed), schedule, folder, **options)


class Notes(Observer):
    """Keeps what it is told, and interrupts at a step."""

    def __init__(self, interrupt=math.inf):
        self.said, self.figures, self.looks, self.interrupt = [], [], [], interrupt

    def on_begin(self, run):
        self.said.append(("begin", run.step, run.steps))
        self.columns = run.columns

    def on_look(self, look):
        self.said.append(("look", look.step))
        self.looks.append(look)

    def on_step(self, done):
        self.said.append(("step", done.step))
        self.figures.append(done.figures)
        if done.step == self.interrupt:
            raise KeyboardInterrupt

    def on_end(self):
        self.said.append(("end",))


def test_the_package_shows_what_one_needs_first():
    assert all(getattr(matting.training, name) is not None for name in matting.training.__all__)
    with pytest.raises(AttributeError):
        matting.training.nothing  # noqa: B018


def test_the_same_call_goes_on_with_the_run_of_its_folder(tmp_path):
    whole = tgn(tmp_path / "whole")
    for _ in range(2):
        part = tgn(tmp_path / "parts", minutes=0)  # one step
    assert len(read_log(tmp_path / "parts")) == 2
    assert not part.training and all(parameter.requires_grad for parameter in part.parameters())
    assert_equal(whole, tgn(tmp_path / "parts"))
    assert read_log(tmp_path / "whole") == read_log(tmp_path / "parts")
    refused(lambda: tgn(tmp_path / "parts", seed=1), "another seed")
    refused(lambda: tgn(tmp_path / "parts", replace(SHORT, rate=1.0)), "rate 0.001 (now 1.0)", "change_schedule")


def test_observers_are_told_of_steps_and_looks_in_order(tmp_path):
    notes = Notes()
    tgn(tmp_path, held_out=data(5), looks=3, look_every=math.inf, observers=[notes])
    steps = [("step", number) for number in range(1, 5)]
    assert notes.said == [("begin", 0, 4), *steps[:3], ("look", 4), steps[3], ("end",)]
    assert notes.columns == ("validation_loss", "validation_miou")
    assert [sorted(figures) for figures in notes.figures[:3]] == [["loss", "rate", "seconds"]] * 3
    (look,) = notes.looks
    assert notes.figures[3].items() > look.scores.items() and 0 <= look.scores["validation_miou"] <= 1
    assert [answer.shape for answer in look.answers] == [(64, 64)] * 3 and len(look.examples) == 3
    assert [float(loss) for _, loss, _ in read_log(tmp_path)] == pytest.approx(
        [figures["loss"] for figures in notes.figures], abs=1e-6
    )


def test_an_interrupt_writes_a_checkpoint_says_how_to_go_on_and_gives_what_there_is(tmp_path):
    whole, notes = tgn(tmp_path / "whole"), Notes(interrupt=1)
    with pytest.raises(StoppedError) as stop:
        tgn(tmp_path / "parts", observers=[notes])
    assert "Stopped after step 2 of 4" in str(stop.value) and "Run the same again" in str(stop.value)
    assert stop.value._render_traceback_() == [str(stop.value)]  # a notebook shows the sentence alone
    assert notes.said[-1] == ("end",)
    state = torch.load(tmp_path / "parts" / checkpoint.NAME, weights_only=True)
    assert state["step"] == 2 and not stop.value.network.training
    assert_equal(state["average"], stop.value.network)
    assert_equal(whole, tgn(tmp_path / "parts"))


class Impatient(Observer):
    """Interrupts at every look."""

    def on_look(self, look):
        raise KeyboardInterrupt


def test_an_interrupt_at_a_look_loses_no_row_of_the_log_and_leaves_no_observer_out(tmp_path):
    notes = Notes()
    with pytest.raises(StoppedError):
        tgn(tmp_path, held_out=data(5), looks=1, look_every=0, observers=[Impatient(), notes])
    assert [(row["step"], "validation_loss" in row) for row in matting.training.read_log(tmp_path)] == [
        (1, True),
        (2, True),
    ]
    assert notes.said[1:-1] == [("look", 1), ("step", 1), ("look", 2), ("step", 2)]


def test_a_network_to_start_from_is_copied(tmp_path):
    torch.manual_seed(3)
    given = TGN(NARROWEST_TGN)
    before = {name: value.clone() for name, value in given.state_dict().items()}
    found = tgn(tmp_path, replace(SHORT, rate=0.0, ema=0), config="small", start=given)
    assert_equal(before, given)
    assert found.config == NARROWEST_TGN
    for name, parameter in found.named_parameters():
        assert torch.equal(parameter, before[name])  # at rate 0


@pytest.mark.parametrize(
    ("stage", "options", "words"),
    [
        ("trimap", {}, ["tgn", "'trimap'"]),
        ("tgn", {"config": "huge"}, ["tgn has the configurations", "huge"]),
        ("tgn", {"start": "nowhere.safetensors"}, ["nowhere.safetensors"]),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_sentence(tmp_path, stage, options, words):
    options = {"config": NARROWEST_TGN, "start": None, "device": "cpu"} | options
    refused(lambda: train(stage, data(), SHORT, tmp_path / "run", **options), *words)
    assert not (tmp_path / "run").exists()


class Handle:
    def __init__(self):
        self.figures = []

    def update(self, figure):
        self.figures.append(figure)


def test_live_curves_are_one_output_that_is_drawn_anew(tmp_path, monkeypatch):
    handles = []

    def display(figure, display_id):
        assert display_id is True
        handles.append(Handle())
        handles[-1].update(figure)
        return handles[-1]

    monkeypatch.setattr(live_curves, "display", display)
    watch = LiveCurves(every=0, previews=1)
    tgn(tmp_path, minutes=0, held_out=data(5), looks=1, observers=[watch])
    tgn(tmp_path, held_out=data(5), looks=1, observers=[watch])
    assert len(handles) == 2 and len(handles[1].figures) == 4  # three steps, and the end
    last = handles[1].figures[-1]
    assert last.get_suptitle() == "step 4 of 4"
    titles = [axis.get_title() for part in last.subfigs for axis in part.axes]
    assert titles == ["loss", "validation loss", "validation miou", "image", "guidance", "answer", "truth"]
    assert last.subfigs[0].axes[0].lines[0].get_xdata().tolist() == [1, 2, 3, 4]  # from the first step on


def test_batch_norms_alone_change_where_an_adaptation_has_no_rate(tmp_path):
    """The control that notebook 07 needs: nothing learns, but statistics follow the photos."""
    for seed in range(2):
        grain = np.random.default_rng(seed).integers(0, 255, (72, 96, 3), dtype=np.uint8)
        save(tmp_path / f"photos/{seed}.png", grain)
        save(tmp_path / f"masks/{seed}.png", (disc((72, 96), 25) > 0.5).astype(np.float32))
    torch.manual_seed(0)
    start = Generator(TGN(NARROWEST_TGN), SPAMattNet(NARROWEST))
    begun = {name: value.clone() for name, value in start.state_dict().items()}
    world = photos_without_mattes(tmp_path / "photos", tmp_path / "masks", photos(), crop=64, batch=2)
    held = [HeldOutExample(photos()[0][:64, :64], np.ones((64, 64), np.float32), np.ones((64, 64), np.float32))]
    schedule, notes = replace(ADAPTATION_SMALL, steps=2, rate=0.0, ema=0.0, halving=1), Notes()
    found = adapt(world, tmp_path / "run", schedule, start=start, held_out=held, device="cpu", observers=[notes])
    assert_equal(begun, start)
    for name, parameter in found.named_parameters():
        assert torch.equal(parameter, begun[name])
    moved = [name for name, buffer in found.named_buffers() if name in begun and not torch.equal(buffer, begun[name])]
    assert any("running_mean" in name for name in moved)
    assert [figures["weight"] for figures in notes.figures] == [0.5, 0.25]
    assert notes.looks[0].scores.keys() == {"photos_sad"}
