"""VendorStates of one process: for tests, and for a command that asks a vendor by itself."""

import threading
from collections.abc import Callable
from typing import TypeVar

from bifrost.data.providers.vendor_states import VendorState

T = TypeVar("T")


class MemoryVendorStates:
    """Kept until the process ends."""

    def __init__(self) -> None:
        self._states: dict[str, VendorState] = {}
        self._lock = threading.Lock()

    def change(self, vendor: str, step: Callable[[VendorState | None], tuple[VendorState, T]]) -> T:
        """Replace the vendor's state by what `step` makes of it, alone."""
        with self._lock:
            self._states[vendor], answer = step(self._states.get(vendor))
            return answer

    def find(self, vendor: str) -> VendorState | None:
        """Return how the vendor stands."""
        return self._states.get(vendor)
