"""Speak with Telegram's Bot API (https://core.telegram.org/bots/api): by webhook, or by asking.

The token is part of every address, so no address is ever logged or shown.
"""

import hmac
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final

import httpx
import msgspec
from typing_extensions import override

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
from server.channel_settings.telegram import TelegramSettings
from server.channels.http import Http, retry_after
from server.channels.reading import at, decoded, list_at, number_at, text_at
from server.channels.setup import Setup
from server.channels.telegram_updates import events_of
from server.clock import Clock
from server.core.errors import NotAuthenticatedError

LIMITS: Final = Limits(
    longest=4096,
    unit="utf16",
    files=True,
    edits=True,
    typing=True,
    per_chat_seconds=1.0,
    per_account_a_second=25.0,
)
"""https://core.telegram.org/bots/faq: about one message a second to a chat, 30 a second in all."""
WANTED: Final = (
    "message", "edited_message", "business_connection", "business_message", "edited_business_message",
    "deleted_business_messages", "my_chat_member",
)  # fmt: skip
"""What we ask Telegram to send."""
LONGEST_CAPTION: Final = 1024
POLL_SECONDS: Final = 15
"""How long Telegram holds an empty answer back; below `http.ANSWER_SECONDS`."""
PAUSES_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
MOST_PHOTO_BYTES: Final = 10_000_000
_PHOTOS: Final = frozenset({"image/jpeg", "image/png"})
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_TOKEN: Final = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{10,100}")


def make(settings: TelegramSettings, setup: Setup) -> "TelegramChannel":
    """Return the channel of one section.

    Raises:
        ConfigError: the token, or the webhook's secret, is missing or is none.
    """
    token = setup.secret("token_file", settings.token_file, "ask @BotFather for the bot's token").reveal()
    if not _TOKEN.fullmatch(token):
        raise setup.wrong("token_file", "holds no token of a bot, such as 123456:ABC-DEF")
    if settings.way_in == "poll":
        return TelegramPoller(settings.api_base, token, "", setup)
    why = "without it anybody could send us messages; make one: openssl rand -hex 32"
    secret = setup.secret("secret_file", settings.secret_file, why).reveal()
    if not _SECRET.fullmatch(secret):
        raise setup.wrong("secret_file", "may hold 1 to 256 of A-Z a-z 0-9 _ - only")
    return TelegramChannel(settings.api_base, token, secret, setup)


class TelegramChannel:
    """One bot whose messages Telegram posts to us."""

    def __init__(self, api_base: str, token: str, secret: str, setup: Setup) -> None:
        """Speak as the bot of `token`; `secret` is what Telegram shows with each update."""
        self._secret: Final = secret
        self._address: Final = setup.address
        self._clock: Final[Clock] = setup.clock
        self._files: Final = f"/file/bot{token}/"
        self._bot: Final = f"/bot{token}/"
        self._http: Final = Http(api_base, transport=setup.transport, wait=_wait)

    @property
    def limits(self) -> Limits:
        """What Telegram allows bots."""
        return LIMITS

    def challenge(self, incoming: Incoming) -> Answer | None:
        """Telegram does not ask."""
        return None

    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Compare the secret; Telegram signs neither body nor time, repeats are told by their update's number."""
        shown = incoming.headers.get("x-telegram-bot-api-secret-token", "")
        if not self._secret or not hmac.compare_digest(shown.encode(), self._secret.encode()):
            raise NotAuthenticatedError(
                "bad_signature", "The request does not show the secret.", "Run operator-server channels connect."
            )

    def parse(self, incoming: Incoming) -> Sequence[ChannelEvent]:
        """Return everything in one update, or in an answer of getUpdates."""
        return events_of(incoming.body)

    async def send(self, part: Part) -> str:
        """Send one message and return its number within the chat."""
        where = place_of(part.chat)
        if part.file is None:
            answer = await self._call("sendMessage", {**where, "text": part.text})
        else:
            photo = part.file.media_type in _PHOTOS and len(part.file.content) <= MOST_PHOTO_BYTES
            method, field = ("sendPhoto", "photo") if photo else ("sendDocument", "document")
            answer = await self._call(
                method,
                {**where, **({"caption": part.text} if part.text else {})},
                {field: (part.file.name, part.file.content, part.file.media_type or "application/octet-stream")},
            )
        found = number_at(answer, "result", "message_id")
        if found is None:
            raise SendError(SendProblem.UNKNOWN_OUTCOME, "Telegram's answer names no message.")
        return str(found)

    async def edit(self, chat: str, message_id: str, text: str) -> None:
        """Change a message's text; an empty one takes the message back."""
        where = {name: value for name, value in place_of(chat).items() if name != "message_thread_id"}
        named = {**where, "message_id": int(message_id)}
        try:
            if text:
                await self._call("editMessageText", {**named, "text": text})
            else:
                await self._call("deleteMessage", named)
        except SendError as error:
            if "not modified" not in error.message and "message to delete not found" not in error.message:
                raise

    async def typing(self, chat: str) -> None:
        """Show for about five seconds that somebody types."""
        try:
            await self._call("sendChatAction", {**place_of(chat), "action": "typing"})
        except SendError:
            return

    async def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes; Telegram gives bots files of up to 20 MB."""
        answer = await self._call("getFile", {"file_id": file.handle})
        path = text_at(answer, "result", "file_path")
        if not path or ".." in path:
            raise SendError(SendProblem.GONE, "Telegram does not keep the file any more.")
        async for piece in self._http.stream(f"{self._files}{path}"):
            yield piece

    async def health(self) -> str:
        """Ask who we are, and whether Telegram can reach us."""
        try:
            await self._call("getMe", {})
            return await self._reached()
        except SendError as error:
            return error.message

    async def connect(self) -> str:
        """Register our address."""
        wanted = {"url": self._address, "secret_token": self._secret, "allowed_updates": list(WANTED)}
        await self._call("setWebhook", wanted)
        return f"Telegram sends to {self._address} from now on."

    async def _reached(self) -> str:
        answer = await self._call("getWebhookInfo", {})
        url, problem = text_at(answer, "result", "url"), text_at(answer, "result", "last_error_message")
        if url != self._address:
            known = f"sends to {url[:120]}" if url else "knows no address of ours"
            return f"Telegram {known}: run operator-server channels connect."
        if problem and (number_at(answer, "result", "pending_update_count") or 0) > 0:
            return f"Telegram cannot reach us: {problem[:160]}"
        return ""

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def _call(
        self,
        method: str,
        body: Mapping[str, object],
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> object:
        """Call one method of the Bot API and return the decoded answer.

        Raises:
            SendError: by what Telegram says.
        """
        if files is None:
            answer = await self._http.call("POST", f"{self._bot}{method}", json=body)
        else:
            fields = {name: str(value) for name, value in body.items()}
            answer = await self._http.call("POST", f"{self._bot}{method}", data=fields, files=files)
        said = decoded(answer.content)
        if answer.is_success and at(said, "ok") is True:
            return said
        raise _refusal(answer.status_code, text_at(said, "description"))


class TelegramPoller(TelegramChannel):
    """One bot that asks Telegram for its messages; it needs no public address."""

    @override
    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Nobody may post to a bot that asks."""
        raise NotAuthenticatedError("bad_signature", "This bot takes no posts.", 'Set way_in = "webhook".')

    async def listen(self, cursor: str) -> AsyncIterator[tuple[Incoming, str]]:
        """Yield what comes, with the number of the update to go on from."""
        offset, failures = int(cursor or 0), 0
        cleared = False
        while True:
            try:
                if not cleared:
                    await self._call("deleteWebhook", {"drop_pending_updates": False})
                    cleared = True
                wanted = {"offset": offset, "timeout": POLL_SECONDS, "allowed_updates": list(WANTED)}
                answer = await self._call("getUpdates", wanted)
            except SendError as error:
                if error.problem is SendProblem.AUTH:
                    raise
                pause = error.retry_after_seconds or PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)]
                failures, cleared = failures + 1, False
                await self._clock.sleep(pause)
                continue
            failures = 0
            numbers = [number_at(one, "update_id") for one in list_at(answer, "result")]
            newest = max((one for one in numbers if one is not None), default=None)
            if newest is not None:
                offset = newest + 1
                yield Incoming(body=msgspec.json.encode(answer)), str(offset)

    @override
    async def connect(self) -> str:
        """Have Telegram keep its messages until we ask."""
        await self._call("deleteWebhook", {"drop_pending_updates": False})
        return "Telegram keeps messages until we ask for them."

    @override
    async def _reached(self) -> str:
        answer = await self._call("getWebhookInfo", {})
        if text_at(answer, "result", "url"):
            return "Telegram posts this bot's messages to an address: another program uses the bot."
        return ""


def place_of(chat: str) -> dict[str, object]:
    """Return the parameters that name a chat of ours: `chat`, `chat#thread` or `connection/chat`."""
    connection, _, rest = chat.rpartition("/")
    number, _, thread = rest.partition("#")
    where: dict[str, object] = {"chat_id": int(number) if re.fullmatch(r"-?[0-9]{1,18}", number) else number}
    if thread.isdecimal():
        where["message_thread_id"] = int(thread)
    if connection:
        where["business_connection_id"] = connection
    return where


def _wait(answer: httpx.Response) -> float | None:
    seconds = number_at(decoded(answer.content), "parameters", "retry_after")
    return float(seconds) if seconds is not None and 0 <= seconds < 86_400 else retry_after(answer)


def _refusal(status: int, description: str) -> SendError:
    """Return what Telegram's refusal means; its descriptions are stable enough to tell these few apart."""
    said = description[:200] or f"Telegram answered {status}."
    low = description.lower()
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}:
        return SendError(SendProblem.AUTH, "Telegram does not know the bot's token.")
    if status == HTTPStatus.FORBIDDEN:
        return SendError(SendProblem.BLOCKED, said)
    if status == HTTPStatus.CONFLICT:
        return SendError(SendProblem.RETRY, f"Another program asks for this bot's messages: {said}")
    if "chat not found" in low or "peer_id_invalid" in low or "upgraded to a supergroup" in low:
        return SendError(SendProblem.GONE, said)
    return SendError(SendProblem.INVALID, said)
