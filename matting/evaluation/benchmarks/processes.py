"""The start of a worker process, in a file of its own: it must run before torch is imported."""

import os


def settle(threads: int) -> None:
    """Keep a process to its share of the cores; OpenMP reads this once, when a library that uses it is loaded."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import cv2

    cv2.setNumThreads(threads)
