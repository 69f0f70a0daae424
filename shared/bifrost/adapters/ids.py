"""New ids: the one place that makes one up."""

from uuid import uuid4


class RandomIds:
    """Ids for what has no intent to be derived from (events, accounts)."""

    def new(self) -> str:
        """Return an id that nothing else has."""
        return str(uuid4())
