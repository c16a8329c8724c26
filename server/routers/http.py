"""Ask a rule of the house over HTTP: a signed question in the form of Standard Webhooks, a list of operators back.

The question holds no word of what was said. An answer is `{"operators": ["o_..."]}`, the first one rung first; an
empty list leaves the choice to the broker.
"""

import asyncio
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from typing_extensions import override

from server.broker.ports.router import Router, RouterQuestion
from server.clock import Clock
from server.core.errors import ProviderError
from server.notices.signed_post import SignedPost
from server.wire.terms import OperatorId

MOST_ANSWER_BYTES: Final = 64 * 1024
_ACCEPTED: Final = range(200, 300)


class _Answer(msgspec.Struct, frozen=True):
    operators: Annotated[tuple[Annotated[str, Meta(max_length=100)], ...], Meta(max_length=1000)]


class HttpRouter(Router):
    """One rule of the house."""

    def __init__(self, post: SignedPost, clock: Clock, *, timeout_seconds: float) -> None:
        """Ask through `post`; an answer that takes longer than `timeout_seconds` is not waited for."""
        self._post: Final = post
        self._clock: Final = clock
        self._timeout_seconds: Final = timeout_seconds

    @override
    async def name(self, question: RouterQuestion) -> tuple[OperatorId, ...]:
        content = msgspec.json.encode({"type": "routing.question", "data": question})
        message_id = f"route_{question.session_id}_{int(self._clock.now().timestamp())}"
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status, body = await self._post.post(message_id, content, most_bytes=MOST_ANSWER_BYTES)
        except TimeoutError as error:
            raise ProviderError("router_failed", f"No answer in {self._timeout_seconds:g} s.") from error
        if status not in _ACCEPTED:
            raise ProviderError("router_failed", f"It answered {status}.")
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProviderError("router_failed", 'Its answer is not {"operators": ["..."]}.') from error
        return tuple(OperatorId(one) for one in answer.operators)
