"""A bus in memory: it keeps what it was given, and delivers to nobody."""

import json
import threading

from bifrost.events import Event, read_event

Entry = tuple[str, str, str]


class MemoryBus:
    """Every call's (source, detail_type, detail) entries, in the order of the calls."""

    def __init__(self) -> None:
        self.calls: list[list[Entry]] = []
        self._lock = threading.Lock()

    def put(self, entries: list[Entry]) -> frozenset[int]:
        """Take the entries and refuse none."""
        with self._lock:
            self.calls.append(entries)
        return frozenset()

    @property
    def entries(self) -> list[Entry]:
        """What arrived, whichever call brought it."""
        return [entry for call in self.calls for entry in call]

    @property
    def events(self) -> list[Event]:
        """The same, read."""
        return [read_event(detail_type, json.loads(text)) for _, detail_type, text in self.entries]
