"""Be a channel of the house's own: signed requests both ways, in our own JSON (docs/channels/webhook.md).

Both ways are Standard Webhooks (https://www.standardwebhooks.com, spec 1.0.0): `webhook-id`, `webhook-timestamp`,
`webhook-signature`. The id of a message of ours stays the same however often it is sent.
"""

import hmac
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import httpx
import msgspec

from server.broker.ports.channels import (
    Answer,
    ChannelEvent,
    Incoming,
    Limits,
    Part,
    RemoteFile,
    SendError,
    SendProblem,
)
from server.channel_settings.webhook import WebhookSettings
from server.channels.http import Http
from server.channels.own_json import Said, events_of, said
from server.channels.reading import decoded, text_at
from server.channels.setup import Setup
from server.core.errors import NotAuthenticatedError, ProviderError
from server.notices.checked_post import address_of
from server.notices.signed_post import check_url, key_of, sign

STALE_SECONDS: Final = 300.0
"""A signature made longer ago, or so far ahead, is not taken."""
_BY_STATUS: Final = {
    401: SendProblem.AUTH,
    403: SendProblem.AUTH,
    404: SendProblem.GONE,
    408: SendProblem.RETRY,
    410: SendProblem.GONE,
    425: SendProblem.RETRY,
}
_BY_NAME: Final = {problem.value: problem for problem in SendProblem}


def make(settings: WebhookSettings, setup: Setup) -> "WebhookChannel":
    """Return the channel of one section.

    Raises:
        ConfigError: the address or the secret is missing or makes no sense.
    """
    wrong = check_url(settings.api_base, allow_private=settings.allow_private)
    if wrong:
        raise setup.wrong("api_base", f"= {settings.api_base!r}: {wrong}")
    secret = setup.secret("secret_file", settings.secret_file, "without it neither side can tell who sends")
    try:
        key = key_of(secret)
    except ValueError as error:
        raise setup.wrong("secret_file", f"holds no such secret. {str(error).rstrip('.')}") from error
    return WebhookChannel(settings, key, setup)


class WebhookChannel:
    """One address of the house's own."""

    def __init__(self, settings: WebhookSettings, key: bytes, setup: Setup) -> None:
        """Sign with `key`, both ways."""
        self._key: Final = key
        self._url: Final = httpx.URL(settings.api_base)
        self._allow_private: Final = settings.allow_private
        self._clock: Final = setup.clock
        self._guarded: Final = setup.transport is None
        self._http: Final = Http(settings.api_base, transport=setup.transport)
        self._limits: Final = Limits(
            longest=settings.longest,
            files=True,
            edits=True,
            typing=True,
            keyed=settings.receiver_dedupes,
            receipts=settings.receipts,
            per_chat_seconds=0.0,
            per_account_a_second=1000.0,
        )

    @property
    def limits(self) -> Limits:
        """What the house allows itself."""
        return self._limits

    def challenge(self, incoming: Incoming) -> Answer | None:
        """Nobody asks."""
        return None

    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Check the signature over id, time and body."""
        headers = incoming.headers
        message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        wanted = sign(self._key, message_id, stamp, incoming.body).encode()
        given = headers.get("webhook-signature", "").split()
        known = [hmac.compare_digest(one.encode(), wanted) for one in given[:8]]
        if not any(known):
            raise NotAuthenticatedError(
                "bad_signature", "The request is not signed with our secret.", "Sign id.timestamp.body, scheme v1."
            )
        if not stamp.isdecimal() or abs(now.timestamp() - float(stamp[:12])) > STALE_SECONDS:
            raise NotAuthenticatedError(
                "stale_signature",
                "The request was signed too long ago.",
                "Set the clock, and sign anew at each attempt.",
            )

    def parse(self, incoming: Incoming) -> Sequence[ChannelEvent]:
        """Return everything in it."""
        return events_of(incoming.body)

    async def send(self, part: Part) -> str:
        """Post one message; the answer may name it: `{"message_id": "..."}`."""
        answer = await self._post(said(part), part.key)
        return text_at(decoded(answer.content), "message_id") or part.key

    async def typing(self, chat: str) -> None:
        """Say that somebody types."""
        try:
            await self._post(Said(type="typing", chat=chat), self._once("typing"))
        except SendError:
            return

    async def edit(self, chat: str, message_id: str, text: str) -> None:
        """Change a message; an empty text takes it back."""
        kind = "edited" if text else "deleted"
        await self._post(Said(type=kind, chat=chat, message_id=message_id, text=text), self._once(message_id))

    async def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield the bytes that lie at the file's address."""
        try:
            url = httpx.URL(file.handle)
        except httpx.InvalidURL as error:
            raise SendError(SendProblem.INVALID, "The file's address is none.") from error
        if check_url(file.handle, allow_private=self._allow_private):
            raise SendError(SendProblem.INVALID, "The file's address is not one that may be read.")
        async for piece in self._http.stream(file.handle, await self._checked(url)):
            yield piece

    async def health(self) -> str:
        """Post a `ping`; any 2xx will do."""
        try:
            await self._post(Said(type="ping", chat=""), self._once("ping"))
        except SendError as error:
            return error.message
        return ""

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    def _once(self, what: str) -> str:
        return f"{what}_{self._clock.now().timestamp():.6f}"

    async def _post(self, body: Said, message_id: str) -> httpx.Response:
        content = msgspec.json.encode(body)
        stamp = str(int(self._clock.now().timestamp()))
        address = await self._checked(self._url)
        answer = await self._http.call(
            "POST",
            str(self._url.copy_with(host=address)) if address else str(self._url),
            content=content,
            headers={
                "content-type": "application/json",
                "host": self._url.netloc.decode("ascii"),
                "webhook-id": message_id,
                "webhook-timestamp": stamp,
                "webhook-signature": sign(self._key, message_id, stamp, content),
            },
            extensions={"sni_hostname": self._url.host},
        )
        if not answer.is_success:
            raise _refusal(answer)
        return answer

    async def _checked(self, url: httpx.URL) -> str:
        """Return the network address of a host, which must be a public one unless that is allowed otherwise."""
        if not self._guarded:
            return ""
        try:
            return await address_of(url, allow_private=self._allow_private)
        except ProviderError as error:
            problem = SendProblem.RETRY if error.retryable else SendProblem.INVALID
            raise SendError(problem, error.message) from error


def _refusal(answer: httpx.Response) -> SendError:
    """Return what a refusal means: what its body names (`{"problem": "window", "why": "..."}`), else its status."""
    said_so = decoded(answer.content)
    problem = _BY_NAME.get(text_at(said_so, "problem"), _BY_STATUS.get(answer.status_code, SendProblem.INVALID))
    why = text_at(said_so, "why")[:200]
    return SendError(problem, why or f"The receiver answered {answer.status_code}.")
