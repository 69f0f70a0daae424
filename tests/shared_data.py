"""Market data that no licence lets us ship: found beside the repository, or the test is skipped."""

import os
from pathlib import Path

import pytest

from tests.architecture.project import ROOT

VARIABLE = "BIFROST_TEST_DATA"


def shared_data(path: str) -> Path:
    """Return the file or folder under the data, or skip the test and say where it was sought."""
    found = Path(os.environ.get(VARIABLE) or ROOT.parent / "shared/data") / path
    if not found.exists():
        pytest.skip(f"no {found}: name the folder of the test data in {VARIABLE}")
    return found
