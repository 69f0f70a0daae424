"""A bucket in memory."""

from bifrost.core.errors import NotFoundError, UnavailableError
from bifrost.data.files.imports import BYTES_MAX, too_large


class MemoryObjects:
    """Objects by key; while `down` it does not answer."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.down = False

    def get(self, key: str) -> bytes:
        """Return the object's bytes; raise NotFoundError, or InvalidInputError: too large."""
        if self.down:
            raise UnavailableError("the bucket is switched off")
        if key not in self.objects:
            raise NotFoundError(f"no object {key}")
        found = self.objects[key]
        if len(found) > BYTES_MAX:
            raise too_large(len(found))
        return found

    def put_url(self, key: str, size: int) -> str:
        """Return an address of the object, which leads nowhere."""
        return f"memory://{key}"
