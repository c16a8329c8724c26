"""Ask somebody's own bot: a signed POST for each turn, answered at once or later over REST.

The receiver checks the signature (Standard Webhooks) and tells repeats by `webhook-id`, which is the same at each
attempt. 200 brings an answer, 202 or 204 says that it comes later; anything else is tried again.

Before: `server.broker.assisting` has a turn. After: the answer is stored, if the conversation is still the assistant's.
"""

import asyncio
from typing import Final

import msgspec
from typing_extensions import override

from server.broker.ports.assistants import (
    Assistant,
    AssistantAnswer,
    AssistantError,
    AssistantPolicy,
    AssistantTurn,
    HumanStretch,
    Occasion,
)
from server.clock import Clock
from server.core.errors import ProviderError
from server.notices.signed_post import SignedPost
from server.wire.requests import Attributes, LongText, NewHandoff
from server.wire.terms import Owner
from server.wire.views import ConversationView, MessageView, SessionView

MOST_BYTES: Final = 256 * 1024
"""A longer answer is refused."""
_LATER: Final = frozenset({202, 204})
_GONE: Final = 410
_encoder: Final = msgspec.json.Encoder()


class WebhookTurn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is posted of a turn; `reply_key` and `owner_epoch` go with an answer over REST."""

    assistant: str
    conversation: ConversationView
    owner: Owner
    owner_epoch: int
    reply_key: str
    message: MessageView | None = None
    history: tuple[MessageView, ...] = ()
    human_stretches: tuple[HumanStretch, ...] = ()
    session: SessionView | None = None
    declined: str = ""


class WebhookBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted."""

    type: Occasion
    timestamp: str
    data: WebhookTurn


class WebhookAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What may come back; everything may be left out, and what is not known is passed over."""

    text: LongText = ""
    handoff: NewHandoff | None = None
    attributes: Attributes | None = None


class WebhookAssistant(Assistant):
    """A bot behind an address."""

    def __init__(
        self, name: str, post: SignedPost, policy: AssistantPolicy, clock: Clock, *, answer_seconds: float
    ) -> None:
        """Post to one address in the name of one assistant."""
        self._name: Final = name
        self._post: Final = post
        self._policy: Final = policy
        self._clock: Final = clock
        self._answer_seconds: Final = answer_seconds

    @property
    @override
    def policy(self) -> AssistantPolicy:
        return self._policy

    @override
    async def answer(self, turn: AssistantTurn) -> AssistantAnswer:
        """Post the turn and return what came back."""
        body = _encoder.encode(self._body(turn))
        message_id = f"{turn.key}:declined" if turn.declined else turn.key
        try:
            async with asyncio.timeout(self._answer_seconds):
                status, answer = await self._post.post(
                    message_id, body, most_bytes=MOST_BYTES + 1, answer_seconds=self._answer_seconds
                )
        except TimeoutError as error:
            seconds = self._answer_seconds
            raise AssistantError("webhook_timeout", f"The webhook did not answer within {seconds:g} s.") from error
        except ProviderError as error:
            raise AssistantError(error.code, error.message, lasting=not error.retryable) from error
        if status in _LATER:
            return AssistantAnswer(later=True)
        if status != 200:
            raise AssistantError("webhook_refused", f"The webhook answered {status}.", lasting=status == _GONE)
        return _read(answer)

    @override
    async def close(self) -> None:
        """Nothing is kept open."""

    def _body(self, turn: AssistantTurn) -> WebhookBody:
        data = WebhookTurn(
            assistant=self._name,
            conversation=turn.conversation,
            owner=turn.conversation.owner,
            owner_epoch=turn.conversation.owner_epoch,
            reply_key=turn.key,
            message=turn.message,
            history=turn.history,
            human_stretches=turn.stretches,
            session=turn.session,
            declined=turn.declined,
        )
        return WebhookBody(type=turn.occasion, timestamp=self._clock.now().isoformat(), data=data)


def _read(body: bytes) -> AssistantAnswer:
    """Return the answer in a body.

    Raises:
        AssistantError: `webhook_too_long`, `webhook_not_json`, `webhook_bad_shape`.
    """
    if len(body) > MOST_BYTES:
        raise AssistantError("webhook_too_long", f"The webhook answered more than {MOST_BYTES // 1024} KiB.")
    try:
        answer = msgspec.json.decode(body, type=WebhookAnswer)
    except msgspec.ValidationError as error:
        raise AssistantError("webhook_bad_shape", f"The webhook's answer cannot be used: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AssistantError("webhook_not_json", "The webhook answered something that is not JSON.") from error
    return AssistantAnswer(text=answer.text, handoff=answer.handoff, attributes=answer.attributes)
