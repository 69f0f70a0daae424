"""The dead-letter queues of the running stack, by listener."""

import re

from bifrost.adapters.aws.dead_letters import DeadLetterQueue
from bifrost.core.errors import NotFoundError
from bifrost.local.aws import client
from bifrost.local.place import this_stack


def dead_letter_queues() -> dict[str, DeadLetterQueue]:
    """Return every listener's dead-letter queue."""
    state = this_stack().state()
    sqs = client("sqs", state.endpoint_url)
    ending = "DeadLetterQueueUrl"
    return {
        _listener(name.removesuffix(ending)): DeadLetterQueue(
            sqs,
            queue=state.outputs[name.removesuffix(ending) + "QueueUrl"],
            dead=url,
        )
        for name, url in sorted(state.outputs.items())
        if name.endswith(ending)
    }


def _listener(title: str) -> str:
    """Return the row's name of what templates call `DataIngest`."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", title).lower()


def dead_letter_queue(listener: str) -> DeadLetterQueue:
    """Return one listener's; raise NotFoundError naming those there are."""
    found = dead_letter_queues()
    if listener not in found:
        raise NotFoundError(f"no listener is called {listener}; there are {', '.join(found)}")
    return found[listener]
