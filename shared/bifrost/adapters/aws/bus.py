"""EventBridge as the relay's sink."""

from bifrost.adapters.aws.client import AwsClient
from bifrost.core.errors import UnavailableError


class EventBridgeSink:
    """Puts entries on one bus."""

    def __init__(self, client: AwsClient, bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def put(self, entries: list[tuple[str, str, str]]) -> frozenset[int]:
        """Publish (source, detail_type, detail) entries; return the places of those refused."""
        answer = self._client.call(
            "AWSEvents.PutEvents",
            {
                "Entries": [
                    {
                        "EventBusName": self._bus_name,
                        "Source": source,
                        "DetailType": detail_type,
                        "Detail": detail,
                    }
                    for source, detail_type, detail in entries
                ]
            },
        )
        results = answer.get("Entries", [])
        refused = frozenset(place for place, one in enumerate(results) if one.get("ErrorCode"))
        if answer.get("FailedEntryCount", 0) != len(refused) or len(results) != len(entries):
            raise UnavailableError(f"the bus did not say which of {len(entries)} events it took")
        return refused
