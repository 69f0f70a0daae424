"""The shape of vendors that send one object per row."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any


class RowShape:
    """Rows are objects; the vendor's own names for their fields are given."""

    def __init__(
        self,
        names: Mapping[str, str],
        rows_of: Callable[[Any], list[dict[str, Any]]],
        leave_out: Callable[[Any], None],
    ) -> None:
        self._names = names
        self._rows_of = rows_of
        self._leave_out = leave_out

    def rename(self, content: Any, name: str) -> None:
        for row in self._rows_of(content):
            row[f"{self._names[name]}_"] = row.pop(self._names[name])

    def write_as_text(self, content: Any, name: str) -> None:
        for row in self._rows_of(content):
            row[self._names[name]] = str(row[self._names[name]])

    def shift(self, content: Any, hours: float) -> None:
        for row in self._rows_of(content):
            row[self._names["time"]] = _later(row[self._names["time"]], hours)

    def empty(self, content: Any) -> None:
        self._leave_out(content)

    def repeat_first(self, content: Any) -> None:
        rows = self._rows_of(content)
        again = dict(rows[0])
        again[self._names["high"]] += 1
        rows.insert(1, again)

    def reverse(self, content: Any) -> None:
        self._rows_of(content).reverse()


def _later(value: Any, hours: float) -> Any:
    if isinstance(value, int):
        return value + int(hours * 3_600_000)
    return (datetime.fromisoformat(value) + timedelta(hours=hours)).isoformat()
