"""Freed memory is kept for what comes next."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import sys
import threading
import numpy as np
from matting.inference.allocator import keep_freed_memory

kept = keep_freed_memory() if sys.argv[1] == "keep" else None


def work():
    for number in range(9):
        if number == 1:  # the first takes it from the system in any case
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        np.ones(2**23, np.float64)
    print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)


if sys.argv[2] == "another thread":
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
else:
    work()
"""


def page_faults(how, where):
    done = subprocess.run([sys.executable, "-c", PROGRAM, how, where], capture_output=True, text=True, check=True)
    kept, faults = done.stdout.split()
    return kept, int(faults)


@pytest.mark.parametrize("where", ["the first thread", "another thread"])
def test_where_the_c_library_can_be_asked_large_blocks_are_used_again(where):
    kept, faults = page_faults("keep", where)
    if platform.libc_ver()[0] != "glibc":
        assert kept == "False"
        return
    assert kept == "True" and 20 * faults < page_faults("as it is", where)[1]  # else nobody needs it any more
