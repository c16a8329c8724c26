"""Let a platform's request in: prove it, keep it raw, and only then say so.

Before: the web application, or a listener, has a request. After: it is durable, and `taking` is woken.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.parts import Parts
from server.broker.ports.channel_store import KeptRequest
from server.broker.ports.channels import Account, Acknowledges, Answer, Incoming, Prepares, SendError
from server.broker.ports.store import Unit
from server.core.errors import NotFoundError, ProviderError

TAKER_SECONDS: Final = 20.0
"""How long the broker that kept a request has it to itself."""
_SECRET_WORDS: Final = ("authorization", "cookie", "token", "secret", "signature", "key")


class Door:
    """The way in for every platform."""

    def __init__(self, parts: Parts, boot: str, wake: Callable[[], None]) -> None:
        """Keep requests as the broker of this boot id, and call `wake` after each."""
        self._parts = parts
        self._boot = boot
        self._wake = wake

    async def come_in(self, name: str, incoming: Incoming) -> Answer:
        """Return what a platform gets back: its challenge answered, or 200 once its request is durable.

        Raises:
            NotFoundError: `no_such_channel`.
            NotAuthenticatedError: the request does not prove who sends it.
            ProviderError: it could not be kept; the platform will try again.
        """
        account = self._parts.channels.get(name)
        if account is None:
            raise NotFoundError("no_such_channel", "There is no such channel.", "Look at [channels] for its name.")
        answer = account.channel.challenge(incoming)
        if answer is not None:
            return answer
        if isinstance(account.channel, Prepares):
            await self._prepare(account.channel, incoming)
        account.channel.verify(incoming, self._parts.clock.now())
        await self.keep(account, incoming)
        return account.channel.kept if isinstance(account.channel, Acknowledges) else Answer()

    @staticmethod
    async def _prepare(channel: Prepares, incoming: Incoming) -> None:
        try:
            await channel.prepare(incoming)
        except SendError as error:
            raise ProviderError("channel_not_ready", error.message, "The platform will try again.") from error

    async def keep(self, account: Account, incoming: Incoming, also: Callable[[Unit], None] | None = None) -> None:
        """Keep a request as it came, with what `also` writes in the same transaction."""
        now = self._parts.clock.now()
        request = KeptRequest(
            organisation_id=account.organisation_id,
            account=account.name,
            at=now,
            method=incoming.method,
            url=incoming.url,
            query=dict(incoming.query),
            headers=_harmless(incoming.headers),
            body=incoming.body,
            due_at=now,
            taker=self._boot,
            taker_until=now + timedelta(seconds=TAKER_SECONDS),
        )

        def work(unit: Unit) -> None:
            if also is not None:
                also(unit)
            unit.channels.keep(request)

        await self._parts.database.run(work)
        self._wake()


def raw(request: KeptRequest) -> Incoming:
    """Return a kept request as it came, but for what proved it."""
    return Incoming(
        method=request.method,
        url=request.url,
        query=request.query,
        headers=request.headers,
        body=request.body,
    )


def again(request: KeptRequest, due_in_seconds: float, parts: Parts, error: str) -> KeptRequest:
    """Return a request that is tried again later."""
    now = parts.clock.now()
    due_at = now + timedelta(seconds=due_in_seconds)
    return msgspec.structs.replace(
        request,
        attempts=request.attempts + 1,
        due_at=due_at,
        taker_until=max(due_at, now) + timedelta(seconds=TAKER_SECONDS),
        error=error,
    )


def _harmless(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers without what proves anything: that is checked, and kept nowhere."""
    return {
        name: value[:1000] for name, value in headers.items() if not any(word in name.lower() for word in _SECRET_WORDS)
    }
