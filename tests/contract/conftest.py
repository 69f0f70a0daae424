"""What contract tests share."""

from collections.abc import Iterator

import pytest
import stamina

from tests.contract.vendor_desk import TRIES


@pytest.fixture
def three_tries() -> Iterator[None]:
    """Vendors are asked three times, without the pauses between."""
    stamina.set_testing(True, attempts=TRIES)
    yield
    stamina.set_testing(False)
