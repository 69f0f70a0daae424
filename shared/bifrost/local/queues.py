"""The dead-letter queues of the running stack, by listener."""

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
        name.removesuffix(ending).lower(): DeadLetterQueue(
            sqs,
            queue=state.outputs[name.removesuffix(ending) + "QueueUrl"],
            dead=url,
        )
        for name, url in sorted(state.outputs.items())
        if name.endswith(ending)
    }


def dead_letter_queue(listener: str) -> DeadLetterQueue:
    """Return one listener's; raise NotFoundError naming those there are."""
    found = dead_letter_queues()
    if listener not in found:
        raise NotFoundError(f"no listener is called {listener}; there are {', '.join(found)}")
    return found[listener]
