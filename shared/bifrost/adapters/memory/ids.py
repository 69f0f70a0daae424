"""New ids that a reader can follow: `id-1`, `id-2`, ..."""

from itertools import count


class CountedIds:
    """New within one source only; two sources need two prefixes."""

    def __init__(self, prefix: str = "id-") -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def new(self) -> str:
        """Return the next id."""
        return f"{self._prefix}{next(self._numbers)}"
