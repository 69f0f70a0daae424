"""What contract tests share."""

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture
def three_tries() -> Iterator[None]:
    """Vendors are asked three times, without the pauses between."""
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)
