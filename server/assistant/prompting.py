"""Turn a conversation into what a model reads: instructions, turns in their roles, and what people did in between.

What customers say stands in their own role and never among the instructions. Of a talk with a person, the model reads
who it was, how it ended, what was agreed and what is open.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from server.broker.ports.assistants import AssistantTurn, HumanStretch, Occasion
from server.wire.terms import Author, Outcome, Owner, Party
from server.wire.views import MessageView, SessionView

HANDOFF: Final = "handoff"
"""The function that a model calls when a person is needed."""
QUESTION: Final = "ask_operator"
"""The function for a question to a person, without giving the customer away."""
PROPOSAL: Final = "ask_approval"
"""The function for something that a person must approve before it is done."""
HANDOFF_LINE: Final = "HANDOFF:"
"""How a model without functions says the same: a line that begins so, followed by the reason."""

TOOLS: Final[list[dict[str, object]]] = [
    {
        "type": "function",
        "function": {
            "name": HANDOFF,
            "description": "Ask a person of the team to take over this conversation.",
            "parameters": {
                "type": "object",
                "properties": {
                    "reason": {"type": "string", "description": "Why a person is needed, in a few words."},
                    "summary": {"type": "string", "description": "What the person must know, in two sentences."},
                    "customer_asked": {
                        "type": "boolean",
                        "description": "True when the customer asked for a person; false when you need one.",
                    },
                },
                "required": ["reason", "summary"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": QUESTION,
            "description": "Ask a person of the team one question; you go on talking with the customer.",
            "parameters": {
                "type": "object",
                "properties": {"question": {"type": "string", "description": "One question, with all they need."}},
                "required": ["question"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": PROPOSAL,
            "description": "Ask a person of the team to approve something before you promise it to the customer.",
            "parameters": {
                "type": "object",
                "properties": {"action": {"type": "string", "description": "What is to be approved, in one sentence."}},
                "required": ["action"],
            },
        },
    },
]
"""The functions that a model is offered."""


def shipped_prompt() -> str:
    """Return the instructions that ship."""
    return (files("server.assistant") / "prompt.md").read_text(encoding="utf-8")


def messages_of(turn: AssistantTurn, prompt: str, *, functions: bool) -> list[dict[str, object]]:
    """Return the messages of the request."""
    return [
        {"role": "system", "content": "\n\n".join(_instructions(turn, prompt, functions=functions))},
        *_talk(turn),
        *_afterwards(turn),
    ]


def _instructions(turn: AssistantTurn, prompt: str, *, functions: bool) -> Iterator[str]:
    yield prompt.strip()
    if not functions:
        yield f"When a person is needed, write a line that begins with {HANDOFF_LINE} followed by the reason."
    if turn.conversation.owner is Owner.WAITING:
        yield "A person has been asked already and the customer waits for them. Help as far as you can meanwhile."


def _talk(turn: AssistantTurn) -> Iterator[dict[str, object]]:
    """Yield the turns in their order, and behind each talk with a person what came of it."""
    if turn.conversation.customer.name:
        yield {"role": "user", "content": f"[My name is {turn.conversation.customer.name}]"}
    waiting = list(turn.stretches)
    for message in turn.history:
        while waiting and waiting[0].ended_at <= message.at:
            yield {"role": "system", "content": _stretch(waiting.pop(0))}
        said = _said(message)
        if said is not None:
            yield said
    for stretch in waiting:
        yield {"role": "system", "content": _stretch(stretch)}


def _said(message: MessageView) -> dict[str, object] | None:
    files_named = ", ".join(file.name or file.url for file in message.files)
    text = f"{message.text}\n[files: {files_named}]".strip() if files_named else message.text
    match message.author:
        case Author.CUSTOMER:
            return {"role": "user", "content": text}
        case Author.ASSISTANT:
            return {"role": "assistant", "content": text}
        case Author.OPERATOR:
            return {"role": "assistant", "content": f"[{message.author_name or 'a person'} of the team] {text}"}
        case Author.SYSTEM | Author.NOTE:
            return None


def _stretch(stretch: HumanStretch) -> str:
    """Return in words what a person did."""
    minutes = max(1, round((stretch.ended_at - stretch.began_at).total_seconds() / 60))
    lines = [
        f"{stretch.operator}, a person of the team, had the customer for {minutes} min: {stretch.outcome}.",
        f"What was agreed: {stretch.agreed or 'nothing was written down'}",
        f"What is open: {stretch.pending or 'nothing'}",
    ]
    if stretch.pending and stretch.pending_at is not None:
        lines.append(f"It is due {stretch.pending_at:%Y-%m-%d %H:%M} UTC.")
    lines.append("Do not contradict it and do not ask for it again.")
    return "\n".join(lines)


def _afterwards(turn: AssistantTurn) -> Iterator[dict[str, object]]:
    if turn.session is not None and turn.occasion in {Occasion.ANSWERED, Occasion.DECIDED}:
        yield {"role": "system", "content": _answer(turn.session)}
    if turn.declined:
        yield {
            "role": "system",
            "content": f"Your request for a person was not passed on: {turn.declined}. Answer the customer yourself.",
        }


def _answer(session: SessionView) -> str:
    """Return in words what became of a question or a proposal."""
    asked = f"You asked a person of the team: {session.reason}"
    if session.outcome is Outcome.EXPIRED:
        said = f"Nobody answered in time.{f' Go on with: {session.note}' if session.note else ''}"
    elif session.outcome is Outcome.ANSWERED:
        said = f"They answer: {session.note}"
    else:
        by = "by default, since nobody decided in time" if session.ended_by is Party.BROKER else session.note
        said = f"It is {session.outcome}{f': {by}' if by else ''}."
    return f"{asked}\n{said}\nTell the customer now what it means for them."
