"""Look at the assistants that the broker asks, and try one without a customer."""

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.exits import Exit
from server.cli.talk import errors_told, say, show, show_one

if TYPE_CHECKING:
    from server.broker.ports.assistants import AssistantAnswer, AssistantTurn

app = typer.Typer(help="Assistants that the broker asks itself: [assistants.NAME].", no_args_is_help=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Configuration file; else $OPERATOR_CONFIG; else the defaults.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(name="list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the assistants of the configuration, each checked: files read, addresses and secrets in order."""
    from server.answering import assistants_of  # noqa: PLC0415 - the other commands start without it
    from server.clock import SystemClock  # noqa: PLC0415
    from server.config import load  # noqa: PLC0415

    with errors_told():
        loaded = load(config, os.environ)
        assistants_of(loaded, SystemClock())
        rows = [
            {
                "name": name,
                "kind": one.kind,
                "asks": one.url or one.script,
                "model": one.model,
                "queue": one.queue,
                "attempts": one.attempts,
                "timeout_seconds": one.timeout_seconds,
            }
            for name, one in loaded.settings.assistants.items()
        ]
    show(rows, ("name", "kind", "asks", "model", "queue", "attempts", "timeout_seconds"), as_json=as_json)
    if not rows:
        say("There is none. Write a section [assistants.NAME]; docs/assistants.md begins with one.")
    elif not as_json:
        say("Each answers the conversations of the key of its name: operator-server keys add NAME")


@app.command(name="try")
def try_(
    name: Annotated[str, typer.Argument(help="Which assistant: the NAME of its section.")],
    text: Annotated[str, typer.Argument(help="What a customer says.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask one assistant as if a customer had written, and print what it answers; nothing is stored."""
    from server.answering import assistants_of  # noqa: PLC0415 - the other commands start without it
    from server.broker.ports.assistants import AssistantError  # noqa: PLC0415
    from server.clock import SystemClock  # noqa: PLC0415
    from server.config import load  # noqa: PLC0415

    with errors_told():
        assistants = assistants_of(load(config, os.environ), SystemClock())
    if name not in assistants:
        say(f"operator-server: there is no assistant {name!r}. There are: {', '.join(sorted(assistants)) or 'none'}.")
        raise typer.Exit(Exit.REFUSED)

    async def asked() -> "AssistantAnswer":
        try:
            return await assistants[name].answer(_turn(text))
        finally:
            await assistants[name].close()

    try:
        answer = asyncio.run(asked())
    except AssistantError as error:
        if as_json:
            print(json.dumps({"code": error.code, "message": str(error)}))
        say(f"operator-server: {error} ({error.code})")
        raise typer.Exit(Exit.FAILED) from error
    show_one(_told(answer), as_json=as_json)


def _told(answer: "AssistantAnswer") -> dict[str, object]:
    """Return an answer as it is printed."""
    wish = answer.handoff
    return {
        "text": answer.text,
        "handoff": None if wish is None else wish.reason,
        "summary": "" if wish is None else wish.context.summary,
        "attributes": answer.attributes,
        "later": answer.later,
    }


def _turn(text: str) -> "AssistantTurn":
    """Return a turn of nobody."""
    from server.broker.ports.assistants import AssistantTurn, Occasion  # noqa: PLC0415 - see above
    from server.clock import SystemClock  # noqa: PLC0415
    from server.wire.sanitize import clean_text  # noqa: PLC0415
    from server.wire.terms import Author, ConversationId, Medium, MessageId  # noqa: PLC0415
    from server.wire.views import ConversationView, Customer, MessageView  # noqa: PLC0415

    now = SystemClock().now()
    conversation = ConversationView(id=ConversationId("c_try"), medium=Medium.CHAT, customer=Customer(), created_at=now)
    message = MessageView(
        id=MessageId("m_try"),
        conversation_id=conversation.id,
        position=1,
        author=Author.CUSTOMER,
        text=clean_text(text),
        at=now,
    )
    return AssistantTurn(
        occasion=Occasion.TURN, key="reply-to:m_try", conversation=conversation, message=message, history=(message,)
    )
