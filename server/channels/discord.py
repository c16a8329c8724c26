"""Speak with Discord: the gateway in, REST out.

Source: https://discord.com/developers/docs/resources/message. The part's key is the message's nonce with
`enforce_nonce`: Discord gives the first message back when the same part comes again within a few minutes.
"""

import hashlib
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
from server.channel_settings.discord import DiscordSettings
from server.channels.discord_answers import answered, wait_of
from server.channels.discord_events import events_of
from server.channels.discord_gateway import Gateway, is_installed
from server.channels.http import Http
from server.channels.reading import list_at, text_at
from server.channels.setup import Setup
from server.clock import Clock
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText
from server.wire.version import USER_AGENT, VERSION

DEFAULT_API_BASE: Final = "https://discord.com/api/v10"
LIMITS: Final = Limits(
    longest=2000,
    unit="utf16",
    files=True,
    edits=True,
    typing=True,
    keyed=True,
    keyed_seconds=120.0,
    per_account_a_second=40,
)
"""2,000 characters for a bot, whatever the schema says; UTF-16 units never count fewer than Discord does. Nonces are
known for "a few minutes", which two are."""
NONCE_LONGEST: Final = 25
_AGENT: Final = f"DiscordBot (https://operator-console.invalid, {VERSION}) {USER_AGENT}"
"""Discord asks for this form of name, with an address and a version in it, and blocks others."""
_NO_MENTIONS: Final[dict[str, list[str]]] = {"parse": []}
"""Nothing that is said calls anybody, not even @everyone."""


class Discord:
    """One bot."""

    def __init__(
        self,
        *,
        token: SecretText,
        clock: Clock,
        message_content: bool = True,
        api_base: str = DEFAULT_API_BASE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Speak for the bot whose token this is.

        Args:
            token: Of the bot.
            clock: Times the pauses between connections.
            message_content: The bot has the Message Content Intent; without it only direct messages have a text.
            api_base: Of the REST API, with its version.
            transport: For tests: the way to the network.
        """
        headers = {"authorization": f"Bot {token.reveal()}", "user-agent": _AGENT}
        self._http: Final = Http(api_base, headers=headers, transport=transport, wait=wait_of)
        self._files: Final = Http(api_base, transport=transport)
        self._gateway: Final = Gateway(self._http, token, clock, message_content=message_content)

    @property
    def limits(self) -> Limits:
        """What Discord allows."""
        return LIMITS

    def challenge(self, incoming: Incoming) -> Answer | None:
        """Return None: nothing comes by webhook."""
        del incoming
        return None

    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Refuse every request: messages come over the gateway alone.

        Raises:
            NotAuthenticatedError: always.
        """
        raise NotAuthenticatedError("bad_signature", "Discord does not call us; messages come over its gateway.")

    def parse(self, incoming: Incoming) -> Sequence[ChannelEvent]:
        """Read one frame of the gateway."""
        return events_of(incoming)

    async def send(self, part: Part) -> str:
        """Post one message, or one file with its caption; return the message's id."""
        body: dict[str, object] = {
            "content": part.text,
            "nonce": nonce_of(part.key),
            "enforce_nonce": True,
            "allowed_mentions": _NO_MENTIONS,
        }
        path = f"/channels/{part.chat}/messages"
        if part.file is None:
            answer = await self._http.call("POST", path, json=body)
        else:
            body["attachments"] = [{"id": 0, "filename": part.file.name}]
            answer = await self._http.call(
                "POST",
                path,
                data={"payload_json": msgspec.json.encode(body).decode()},
                files={"files[0]": (part.file.name, part.file.content, part.file.media_type)},
            )
        message_id = text_at(answered(answer), "id")
        if not message_id:
            raise SendError(SendProblem.UNKNOWN_OUTCOME, "Discord took the message, but did not say under which id.")
        return message_id

    async def edit(self, chat: str, message_id: str, text: str) -> None:
        """Change a message, or take it back."""
        path = f"/channels/{chat}/messages/{message_id}"
        if text:
            body = {"content": text, "allowed_mentions": _NO_MENTIONS}
            answered(await self._http.call("PATCH", path, json=body))
        else:
            answered(await self._http.call("DELETE", path))

    async def typing(self, chat: str) -> None:
        """Show it for ten seconds."""
        try:
            await self._http.call("POST", f"/channels/{chat}/typing")
        except SendError:
            return

    async def health(self) -> str:
        """Ask who the bot is."""
        try:
            answered(await self._http.call("GET", "/users/@me"))
        except SendError as error:
            return error.message
        return self._gateway.trouble

    def listen(self, cursor: str) -> AsyncIterator[tuple[Incoming, str]]:
        """Yield what the gateway dispatches, and first what came while we were away.

        Raises:
            SendError: AUTH: the token, or an intent, is refused.
        """
        return self._gateway.listen(cursor)

    async def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes; where its address has expired, ask for a new one once.

        Raises:
            SendError: it cannot be read now, or never.
        """
        place, _, address = file.handle.partition(" ")
        try:
            async for piece in self._files.stream(address):
                yield piece
        except SendError as error:
            if error.problem not in {SendProblem.GONE, SendProblem.AUTH}:
                raise
            async for piece in self._files.stream(await self._address_of(place)):
                yield piece

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
        await self._files.close()

    async def _address_of(self, place: str) -> str:
        """Return a file's present address.

        Raises:
            SendError: the message, or the file in it, is gone.
        """
        channel, message_id, file_id = [*place.split("/"), "", "", ""][:3]
        message = answered(await self._http.call("GET", f"/channels/{channel}/messages/{message_id}"))
        for one in list_at(message, "attachments"):
            if text_at(one, "id") == file_id:
                return text_at(one, "url")
        raise SendError(SendProblem.GONE, "The file is no longer with Discord.")


def nonce_of(key: str) -> str:
    """Return a part's key as a nonce: the same for the same key, at most 25 characters."""
    return key if 0 < len(key) <= NONCE_LONGEST else hashlib.sha256(key.encode()).hexdigest()[:NONCE_LONGEST]


def make(settings: DiscordSettings, setup: Setup) -> Discord:
    """Return the channel of one section.

    Raises:
        ConfigError: the token is missing, or the SDK is not installed.
    """
    if not is_installed():
        raise setup.wrong("kind", 'needs discord.py: pip install "operator-console[discord]"')
    return Discord(
        token=setup.secret("token_file", settings.token_file, "it speaks for the bot"),
        clock=setup.clock,
        message_content=settings.message_content,
        api_base=settings.api_base,
        transport=setup.transport,
    )
