"""Vendors' libraries use what their own libraries will drop, and these say so at every import.

The versions are pinned together, so that nothing is dropped under them; elsewhere a warning counts.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def deprecations_aside() -> Iterator[None]:
    """Say nothing of what a library does that another one will not allow for ever."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
