"""A disk that is full, for tests of what is kept then."""

import resource
from contextlib import contextmanager


@contextmanager
def files_of_at_most(size):
    """Let the system refuse to write more than `size` bytes into any file, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
