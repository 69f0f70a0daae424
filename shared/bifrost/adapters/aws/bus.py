"""EventBridge as the relay's sink."""

from bifrost.adapters.aws.client import AwsClient
from bifrost.core.errors import UnavailableError


class EventBridgeSink:
    """Puts entries on one bus."""

    def __init__(self, client: AwsClient, bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def put(self, entries: list[tuple[str, str, str]]) -> None:
        """Publish (source, detail_type, detail) entries; raise unless every one was taken."""
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
        failed = answer.get("FailedEntryCount", 0)
        if failed:
            raise UnavailableError(f"{failed} of {len(entries)} events were not taken by the bus")
