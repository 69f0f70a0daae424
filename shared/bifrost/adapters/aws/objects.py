"""S3 objects: read, and addresses to which others send them."""

from bifrost.adapters.aws.client import AwsCallError, AwsClient
from bifrost.core.errors import NotFoundError
from bifrost.data.files.imports import BYTES_MAX, too_large

_LINK_SECONDS = 900


class S3Objects:
    """Objects of one bucket."""

    def __init__(self, client: AwsClient, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, key: str) -> bytes:
        """Return the object's bytes; raise NotFoundError, or InvalidInputError: too large."""
        try:
            # One byte more than may be tells that it has more, and no other is read.
            found = self._client.get(f"/{self._bucket}/{key}", BYTES_MAX + 1)
        except AwsCallError as error:
            if error.status == 404:
                raise NotFoundError(f"no object {key} in {self._bucket}") from error
            raise
        if len(found) > BYTES_MAX:
            raise too_large(len(found))
        return found

    def put_url(self, key: str, size: int) -> str:
        """Return an address that takes PUTs of `size` bytes as this object, for 15 minutes."""
        return self._client.put_url(f"/{self._bucket}/{key}", size, _LINK_SECONDS)
