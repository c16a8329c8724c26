"""Be an assistant by a language model: one question for each turn, answered in words or by asking for a person.

Silence is no answer: a model that was talked into saying nothing has failed, and a person is called.

Before: `server.broker.assisting` has a turn. After: the answer is stored, if the conversation is still the assistant's.
"""

import re
import unicodedata
from typing import Final, NamedTuple

import msgspec
from typing_extensions import override

from server.assistant.completions import ChatMessage, Completions, ToolCall
from server.assistant.prompting import HANDOFF, HANDOFF_LINE, PROPOSAL, QUESTION, TOOLS, messages_of
from server.broker.ports.assistants import Assistant, AssistantAnswer, AssistantError, AssistantPolicy, AssistantTurn
from server.clock import Clock
from server.log import get_log
from server.wire.requests import NewHandoff
from server.wire.sanitize import clean_line, clean_text
from server.wire.terms import Owner, SessionKind
from server.wire.views import Context

LONGEST_TEXT: Final = 8_000
"""What a model may say in one turn, in characters; the rest is cut."""
NO_REASON: Final = "the assistant asked for a person"
"""Why a person is asked for when the model called the function and its arguments cannot be read."""
_LINE: Final = re.compile(rf"^[ \t*_]*{HANDOFF_LINE}[ \t*_]*(?P<reason>.*)$", re.MULTILINE)
_log = get_log(__name__)


class _Wish(msgspec.Struct, frozen=True):
    """The arguments of the functions, all of them; what else a model adds is passed over."""

    reason: str = ""
    summary: str = ""
    customer_asked: bool = True
    question: str = ""
    action: str = ""


class _Call(NamedTuple):
    """A function that a model called: for which kind of help, and with which arguments."""

    kind: SessionKind
    wish: _Wish


_FUNCTIONS: Final = {
    HANDOFF: SessionKind.TAKEOVER,
    QUESTION: SessionKind.ASSIST,
    PROPOSAL: SessionKind.APPROVE,
}


class ModelAssistant(Assistant):
    """A language model behind an endpoint."""

    def __init__(
        self,
        completions: Completions,
        policy: AssistantPolicy,
        clock: Clock,
        *,
        prompt: str,
        functions: bool = True,
        most_tokens: int = 600,
    ) -> None:
        """Ask this endpoint, with these instructions.

        Args:
            completions: The way to the endpoint.
            policy: How it is treated.
            clock: Times the answers, for the log.
            prompt: The instructions.
            functions: The endpoint knows function tools; else a line of text asks for a person.
            most_tokens: Of one answer.
        """
        self._completions: Final = completions
        self._policy: Final = policy
        self._clock: Final = clock
        self._prompt: Final = prompt
        self._functions: Final = functions
        self._most_tokens: Final = most_tokens

    @property
    @override
    def policy(self) -> AssistantPolicy:
        return self._policy

    @override
    async def answer(self, turn: AssistantTurn) -> AssistantAnswer:
        """Ask the model once."""
        body: dict[str, object] = {
            "messages": messages_of(turn, self._prompt, functions=self._functions),
            "max_tokens": self._most_tokens,
        }
        may_ask = turn.conversation.owner is Owner.ASSISTANT and not turn.declined
        if self._functions and may_ask:
            body["tools"] = TOOLS
        began = self._clock.monotonic()
        completion = await self._completions.ask(body)
        answer = answer_of(completion.message, may_ask=may_ask)
        used = completion.usage
        _log.info(
            "assistant_answered",
            ms=round(1000 * (self._clock.monotonic() - began)),
            tokens_in=used.prompt_tokens if used else 0,
            tokens_out=used.completion_tokens if used else 0,
            asks_for_person=answer.handoff is not None,
        )
        return answer

    @override
    async def close(self) -> None:
        """Close the connection."""
        await self._completions.close()


def answer_of(message: ChatMessage, *, may_ask: bool = True) -> AssistantAnswer:
    """Return what a model's message is for the broker.

    Raises:
        AssistantError: `model_empty`, `model_unknown_function`.
    """
    said = message.content or ""
    call = _called(message.tool_calls or ())
    line = _LINE.search(said)
    if line is not None:
        said = said[: line.start()] + said[line.end() :]
        call = call or _Call(SessionKind.TAKEOVER, _Wish(reason=line["reason"]))
    text = clean_text(said, LONGEST_TEXT, 200).strip() if _shows(said) else ""
    if call is None or not may_ask:
        if not text:
            raise AssistantError("model_empty", "The model said nothing.")
        return AssistantAnswer(text=text)
    return AssistantAnswer(text=text, handoff=_request(call))


def _request(call: _Call) -> NewHandoff:
    """Return the request that a call is."""
    wish = call.wish
    if call.kind is SessionKind.TAKEOVER:
        reason = clean_line(wish.reason, 200).strip() or NO_REASON
        context = Context(summary=clean_text(wish.summary, 2000, 12))
        return NewHandoff(reason=reason, context=context, customer_asked=wish.customer_asked)
    asked = wish.question if call.kind is SessionKind.ASSIST else wish.action
    if not clean_line(asked, 500).strip():  # nobody could answer that: a person takes over
        return NewHandoff(reason=NO_REASON, customer_asked=False)
    return NewHandoff(reason=clean_line(asked, 500), kind=call.kind)


def _shows(text: str) -> bool:
    """Tell whether there is anything to be seen in a text: a letter, a number, a sign."""
    return any(unicodedata.category(character)[0] in "LNPS" for character in text)


def _called(calls: tuple[ToolCall, ...]) -> _Call | None:
    """Return the help that a model asks for; that it called counts, even where the arguments are broken.

    Raises:
        AssistantError: `model_unknown_function`: other functions were called, and none of ours.
    """
    wanted = [call for call in calls if call.function.name in _FUNCTIONS]
    if calls and not wanted:
        raise AssistantError("model_unknown_function", "The model called a function that there is not.")
    for call in wanted:
        try:
            wish = msgspec.json.decode(call.function.arguments, type=_Wish, strict=False)
        except (msgspec.DecodeError, UnicodeError):
            continue
        return _Call(_FUNCTIONS[call.function.name], wish)
    return _Call(SessionKind.TAKEOVER, _Wish()) if wanted else None
