"""How cost is measured: seconds by interleaved rounds, memory and multiply-adds each in a fresh process."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch.utils.flop_counter import FlopCounterMode

from matting.evaluation.speed.contenders import DTYPES, Contender, Method, build

WARM_UP = 64
"""Side of the photo that a method sees before its memory is measured, so that libraries are loaded."""


@dataclass(frozen=True)
class Footprint:
    """What one photo takes: bytes at most, those of them that came with the photo, and multiply-adds of networks.

    On CUDA the bytes are those of the device that PyTorch holds; elsewhere they are the process's resident memory.
    """

    peak: int
    added: int
    multiply_adds: int | None


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Time one call, on CUDA by events."""
    if device.type != "cuda":
        start = time.perf_counter()
        work()
        return time.perf_counter() - start
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    work()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000


def interleaved(
    methods: Mapping[Contender, Method],
    image: np.ndarray,
    trimap: np.ndarray,
    device: torch.device,
    rounds: int,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[Contender, list[float]]:
    """Time every method once a round, one after the other, so that what else the machine does meets all alike.

    A call of each before the first round does not count.
    """
    found: dict[Contender, list[float]] = {contender: [] for contender in methods}
    for number in range(rounds + 1):
        for contender, method in methods.items():
            tell(f"{contender}, round {number} of {rounds}" if number else f"{contender}, once before it counts")
            taken = seconds(lambda method=method: method(image, trimap), device)
            if number:
                found[contender].append(taken)
    return found


def convolution_peak(dtype: str, device: torch.device, rounds: int = 5) -> float:
    """Multiply-adds a second that a 3x3 convolution of 64 channels reaches here, the median of some rounds."""
    channels, side = 64, 256
    kernel, feature = torch.randn(channels, channels, 3, 3), torch.randn(1, channels, side, side)
    kernel, feature = (t.to(device, DTYPES[dtype], memory_format=torch.channels_last) for t in (kernel, feature))
    with torch.inference_mode():
        taken = [seconds(lambda: F.conv2d(feature, kernel, padding=1), device) for _ in range(rounds + 1)][1:]
    return 9 * channels**2 * side**2 / statistics.median(taken)


def footprint(contender: Contender, image: np.ndarray, trimap: np.ndarray, device: torch.device) -> Footprint:
    """Measure a method's memory and multiply-adds in a process of its own.

    Raises:
        RuntimeError: where that process fails, for want of memory among other things.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    arguments = (theirs, contender, image, trimap, str(device))
    process = context.Process(target=_measure, args=arguments)
    process.start()
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError as error:
        process.join()
        raise RuntimeError(f"{contender} ended with exit code {process.exitcode}, perhaps out of memory") from error
    process.join()
    if isinstance(answer, str):
        raise RuntimeError(f"{contender}: {answer}")
    return answer


def _measure(pipe: Any, contender: Contender, image: np.ndarray, trimap: np.ndarray, place: str) -> None:
    device = torch.device(place)
    try:
        method = build(contender, device)
        corner = np.s_[:WARM_UP, :WARM_UP]
        mixed = np.repeat(np.uint8([0, 128, 255]), 22)[None, :WARM_UP].repeat(WARM_UP, axis=0)
        method(np.ascontiguousarray(image[corner]), mixed)
        before = _memory(device)
        method(image, trimap)
        peak = _memory(device)
        pipe.send(Footprint(peak, peak - before, _multiply_adds(method, image, trimap, contender)))
    except (RuntimeError, ValueError, MemoryError) as error:
        pipe.send(str(error).split("\n")[0])


def _multiply_adds(method: Method, image: np.ndarray, trimap: np.ndarray, contender: Contender) -> int | None:
    """Count the multiply-adds of networks; None for a solver, whose steps depend on the photo."""
    if contender.dtype not in DTYPES:
        return None

    def attention(query: Any, key: Any, value: Any, *_: Any, out_shape: Any = None, **__: Any) -> int:
        batch, heads, queries, width = query
        return 2 * batch * heads * queries * key[2] * (width + value[3])

    fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # PyTorch's counter has no formula for it
    with FlopCounterMode(display=False, custom_mapping={fused: attention}) as counter:
        method(image, trimap)
    return counter.get_total_flops() // 2


def _memory(device: torch.device) -> int:
    """Largest memory so far in bytes: PyTorch's on CUDA, else the process's that is resident."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.is_file():  # unlike getrusage it does not count what the parent held
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def free_memory() -> int:
    """Memory in bytes that a process could get; 0 where the system does not say."""
    status = Path("/proc/meminfo")
    if not status.is_file():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("MemAvailable"))
    return int(line.split()[1]) * 1024
