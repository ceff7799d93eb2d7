import re

import numpy as np
import pytest
import torch
from torch import nn

from matting.__main__ import main
from matting.commands.selfcheck.command import TOLERANCES, Outcome, check, judge
from matting.commands.selfcheck.subjects import CONFIGS, Subject, build_subjects
from matting.inference import whole_photo
from matting.networks import weights

CPU = torch.device("cpu")


def status(*words):
    try:
        return main(["selfcheck", *map(str, words)])
    except SystemExit as leaving:
        return leaving.code


def rows(text):
    """The table's rows as (network, dtype, verdict)."""
    found = re.findall(r"^(.{28})(\w+)\s+(\S+)\s+(\S+)  (\w+)", text, flags=re.MULTILINE)
    return [(name.strip(), dtype, verdict) for name, dtype, _, _, verdict in found if dtype in TOLERANCES]


@pytest.fixture
def random_weights(tmp_path, monkeypatch):
    """No bundled weights, so that the answers do not depend on the training's last state."""
    monkeypatch.setattr(weights, "BUNDLED", tmp_path / "absent")


def test_the_cpu_agrees_with_itself_in_every_dtype(capsys):
    assert status("--device", "cpu") == 0
    said = capsys.readouterr().out
    table = rows(said)
    assert [dtype for _, dtype, _ in table] == list(TOLERANCES) * len(CONFIGS["quick"])
    assert {verdict for *_, verdict in table} <= {"OK", "UNSUPPORTED"}
    assert {verdict for _, dtype, verdict in table if dtype == "float32"} == {"OK"}
    for network in ("TGN small", "SPAMattNet small", "SPAMattNet narrow", "SPAMattNet* narrow"):
        assert network in said
    for largest, mean in TOLERANCES.values():
        assert f"largest {largest:.2g}, mean {mean:.2g}" in said


def test_what_differs_makes_the_exit_status_1(capsys, random_weights):
    assert status("--device", "cpu", "--config", "small", "--tolerance", "0") == 1
    said = capsys.readouterr().out
    verdicts = {(dtype, verdict) for _, dtype, verdict in rows(said)}
    assert ("float32", "OK") in verdicts and ("bfloat16", "DIFFERS") in verdicts
    assert "of these differ" in said


@pytest.mark.parametrize("device", ["meta", "nonsense", "cuda:99"])
def test_a_missing_device_costs_one_sentence(capsys, device):
    assert status("--device", device) == 2
    captured = capsys.readouterr()
    assert device in captured.err and captured.err.count("\n") == 1 and captured.out == ""


def test_an_unknown_configuration_is_refused(capsys):
    assert status("--config", "huge") == 2
    assert "huge" in capsys.readouterr().err


def test_random_networks_use_every_part(random_weights):
    for subject in build_subjects("quick"):
        assert not subject.network.training
        norms = [module for module in subject.network.modules() if isinstance(module, nn.BatchNorm2d)]
        assert all(module.weight.min() >= 0.5 and module.running_var.std() > 0 for module in norms)
        tensors = [tensor for name, tensor in subject.network.named_parameters() if "classify" not in name]
        assert all(tensor.std() > 5e-3 for tensor in tensors if tensor.dim() > 1)
        answer = subject.estimate(subject.network)
        assert answer.shape[:2] == (96, 150) and 0 <= answer.min() and answer.max() <= 1
        assert answer.std() > 0.03  # an answer that varies can differ


def test_cases_are_the_same_each_time(random_weights):
    one, other = (build_subjects("small") for _ in range(2))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.estimate(first.network), second.estimate(second.network))


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_a_difference_counts_from_its_tolerance_on(dtype):
    reference = np.full((10, 10), 0.5, np.float32)
    largest, mean = TOLERANCES[dtype]
    assert judge(reference, reference, dtype) == Outcome(0.0, 0.0, "OK")
    one_off, all_off = reference.astype(np.float64), reference + 1.1 * mean
    one_off[3, 3] += 1.1 * largest
    assert judge(one_off, reference, dtype).verdict == judge(all_off, reference, dtype).verdict == "DIFFERS"
    assert judge(one_off, reference, dtype, factor=2).verdict == "OK"
    assert judge(reference + 0.9 * mean, reference, dtype).verdict == "OK"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_numbers_are_told_from_numbers_that_differ(value):
    reference = np.full((10, 10), 0.5, np.float32)
    answer = reference.copy()
    answer[:2] = value
    outcome = judge(answer, reference, "float16")
    assert outcome.verdict == "DIFFERS" and "20 of 100" in outcome.remark and not outcome.good


class Lacking(nn.Module):
    """A network on a device that lacks a dtype, or that breaks."""

    def __init__(self, lacking, message, kind=RuntimeError):
        super().__init__()
        self.layer, self.lacking, self.message, self.kind = nn.Linear(1, 1), lacking, message, kind

    def answer(self):
        if self.layer.weight.dtype == self.lacking:
            raise self.kind(self.message)
        return np.zeros((2, 2))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("\"slow_conv2d_cpu\" not implemented for 'Half'\nmore", RuntimeError),
        ("BFloat16 is not supported on MPS", TypeError),
        ("Could not run 'aten::x'", NotImplementedError),
    ],
)
def test_a_dtype_that_the_device_lacks_is_reported_and_no_fault(message, kind):
    subject = Subject("lacking", Lacking(torch.float16, message, kind), lambda network: network.answer())
    outcome = check(subject, CPU, "float16", np.zeros((2, 2)))
    assert outcome.verdict == "UNSUPPORTED" and outcome.good
    assert outcome.remark == message.partition("\n")[0]
    assert check(subject, CPU, "bfloat16", np.zeros((2, 2))).verdict == "OK"


def test_what_breaks_otherwise_is_a_fault():
    broken = Subject("broken", Lacking(torch.float16, "out of memory"), lambda network: network.answer())
    assert check(broken, CPU, "float16", np.zeros((2, 2))) == Outcome(None, None, "FAILED", "out of memory")
    without = Subject(
        "without", Lacking(torch.float32, "not implemented for 'Float'"), lambda network: network.answer()
    )
    assert not check(without, CPU, "float32", np.zeros((2, 2))).good


@pytest.mark.parametrize(("able", "dtype"), [({"avx512_bf16": True}, "bfloat16"), ({"avx2": True}, "float32")])
def test_bfloat16_is_chosen_where_the_processor_multiplies_it(monkeypatch, able, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    assert whole_photo.fast_dtype(torch.device("cpu")) == getattr(torch, dtype)
    assert whole_photo.fast_dtype(torch.device("mps")) == torch.float32
