"""Leases: of several processes that could do one thing, one does it.

A lease that ends by itself is not enough: a holder that was paused (a debugger, a full disk, a
long collection) wakes up and writes as if no time had passed. So each change of hands counts one
up, and a writer proves its count inside the transaction in which it writes.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do what `name` stands for. token: counts how often it changed hands."""

    name: str
    holder: str
    token: int


class Leases(Protocol):
    """Who holds what. Time is the store's: two machines need not agree on it."""

    def take(self, name: str, holder: str, seconds: int) -> Lease | None:
        """Take the lease, or keep one's own for so many seconds more; None while another has it."""

    def give_back(self, lease: Lease) -> None:
        """End it now, where it is still this holder's."""
