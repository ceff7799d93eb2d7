"""The start of a worker process, apart from the rest: what it says must be said before torch is imported."""

import os


def settle(threads: int) -> None:
    """Keep a process to its share of the cores; OpenMP reads this once, when a library that uses it is loaded."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import cv2

    cv2.setNumThreads(threads)
