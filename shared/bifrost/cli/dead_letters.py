"""Dead letters: events that a listener failed to apply five times."""

from typing import Annotated

import typer

from bifrost.cli.inputs import argument, each_filled, most
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

app = typer.Typer(
    no_args_is_help=True,
    help="Look into dead-letter queues and send again.\n\nExample: bifrost dlq list",
)

Listener = Annotated[str, argument("The listening capability, such as portfolio.")]


@app.command("list")
def list_queues(as_json: AsJson = False) -> None:
    """Count the dead letters of every listener.

    Example: bifrost dlq list
    """
    from bifrost.local.aws import answering
    from bifrost.local.queues import dead_letter_queues

    with answering():
        rows = [{"listener": name, "dead": q.depth()} for name, q in dead_letter_queues().items()]
    if as_json:
        show_json({"items": rows})
        return
    show_table(rows, ("listener", "dead"), empty="no listeners are deployed")


@app.command()
def show(
    listener: Listener,
    most: Annotated[int, most()] = 10,
    as_json: AsJson = False,
) -> None:
    """Show a listener's dead letters; they stay where they are.

    Example: bifrost dlq show portfolio
    """
    from dataclasses import asdict

    from bifrost.local.aws import answering
    from bifrost.local.queues import dead_letter_queue

    with answering():
        rows = [asdict(letter) for letter in dead_letter_queue(listener).peek(most)]
    if as_json:
        show_json({"items": rows})
        return
    columns = ("message_id", "detail_type", "event_id", "correlation_id")
    show_table(rows, columns, empty=f"no dead letters for {listener}")


@app.command()
def redrive(
    listener: Listener,
    message_id: Annotated[
        list[str] | None,
        typer.Option(help="Only this message; may be given again.", callback=each_filled),
    ] = None,
    most: Annotated[int, most()] = 1000,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to their queue; what was applied already is forgotten by its inbox.

    Example: bifrost dlq redrive portfolio
    """
    from bifrost.core.errors import NotFoundError
    from bifrost.local.aws import answering
    from bifrost.local.queues import dead_letter_queue

    chosen = frozenset(message_id) if message_id else None
    with answering():
        redriven = dead_letter_queue(listener).redrive(chosen, most)
    if chosen is not None and redriven < len(chosen):
        missing = len(chosen) - redriven
        raise NotFoundError(
            f"{missing} of {len(chosen)} messages are not among the first {most} dead letters of"
            f" {listener}, {redriven} went back; `bifrost dlq show {listener}` lists them"
        )
    moved = {"listener": listener, "redriven": redriven}
    show_json(moved) if as_json else show_fields(moved)
