"""Be an assistant by a script: the first reply whose words the customer used; for trying things out, and for tests.

No model and no network; the file is TOML (docs/assistants.md has one).
"""

import tomllib
from typing import Final

import msgspec
from typing_extensions import override

from server.broker.ports.assistants import Assistant, AssistantAnswer, AssistantError, AssistantPolicy, AssistantTurn
from server.wire.requests import NewHandoff
from server.wire.sanitize import clean_text


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reply: `when` are words of which one must be said (none: always), `handoff` is the reason to ask a person."""

    when: tuple[str, ...] = ()
    say: str = ""
    handoff: str = ""


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All replies; the first that fits is given."""

    reply: tuple[Reply, ...] = ()


def read_script(text: str) -> Script:
    """Return the script in a file's text.

    Raises:
        ValueError: It is not TOML, or not of that form; the sentence says where.
    """
    try:
        return msgspec.convert(tomllib.loads(text), Script)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(str(error)) from error


class ScriptedAssistant(Assistant):
    """An assistant that follows a script."""

    def __init__(self, script: Script, policy: AssistantPolicy) -> None:
        """Follow this script."""
        self._script: Final = script
        self._policy: Final = policy

    @property
    @override
    def policy(self) -> AssistantPolicy:
        return self._policy

    @override
    async def answer(self, turn: AssistantTurn) -> AssistantAnswer:
        """Return the first reply that fits."""
        if turn.session is not None and turn.message is None:
            return AssistantAnswer(text=turn.session.note)
        said = (turn.message.text if turn.message is not None else "").casefold()
        for reply in self._script.reply:
            if turn.declined and reply.handoff:
                continue
            if not reply.when or any(word.casefold() in said for word in reply.when):
                handoff = NewHandoff(reason=reply.handoff[:200]) if reply.handoff else None
                return AssistantAnswer(text=clean_text(reply.say), handoff=handoff)
        raise AssistantError("script_silent", "The script has no reply to this.", lasting=True)

    @override
    async def close(self) -> None:
        """Nothing is open."""
