"""Speak with Slack: the Events API or Socket Mode in, the Web API out.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack, .../reference/methods. Every call is a
form, which all methods take. Slack knows no key for a message: the part's key travels in its metadata, so that the
echo tells which part it was.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
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
from server.channel_settings.slack import SlackSettings
from server.channels.http import Http
from server.channels.reading import decoded, text_at
from server.channels.setup import Setup
from server.channels.slack_answers import answered
from server.channels.slack_events import channel_and_thread, events_of
from server.channels.slack_files import Uploads, downloaded
from server.channels.slack_missed import Missed
from server.channels.slack_socket import SocketMode
from server.channels.slack_text import escaped
from server.clock import Clock
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText

DEFAULT_API_BASE: Final = "https://slack.com/api"
REPLAY_SECONDS: Final = 300
"""How old a signed request may be, and how far Slack's clock may be ahead of ours."""
LIMITS: Final = Limits(longest=4000, files=True, edits=True, typing=True, per_account_a_second=20)
"""4,000 characters are what Slack recommends; it cuts at 40,000. One message a second and channel."""
METADATA_TYPE: Final = "operator_console"
_TYPING: Final = "is typing…"


class Slack:
    """One app in one workspace."""

    def __init__(
        self,
        *,
        bot_token: SecretText,
        signing_secret: SecretText | None = None,
        api_base: str = DEFAULT_API_BASE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Speak for the app whose tokens these are.

        Args:
            bot_token: `xoxb-...`, for the Web API.
            signing_secret: What Slack signs its requests with; None: no request is believed.
            api_base: Of the Web API.
            transport: For tests: the way to the network.
        """
        self._http: Final = Http(api_base, transport=transport)
        self._bot: Final = {"authorization": f"Bearer {bot_token.reveal()}"}
        self._secret: Final = signing_secret
        self._uploads: Final = Uploads(self._http, self._call)
        self._shows_typing = True

    @property
    def limits(self) -> Limits:
        """What Slack allows."""
        return LIMITS

    def challenge(self, incoming: Incoming) -> Answer | None:
        """Answer `url_verification`, which is signed like everything else."""
        fields = decoded(incoming.body)
        if text_at(fields, "type") != "url_verification":
            return None
        self._check_signature(incoming)
        return Answer(body=text_at(fields, "challenge").encode())

    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Check `X-Slack-Signature` and that the request is no older than five minutes."""
        self._check_signature(incoming)
        if abs(now.timestamp() - int(_stamp(incoming))) > REPLAY_SECONDS:
            raise NotAuthenticatedError(
                "stale_signature", "The request was signed more than five minutes ago.", "Check this machine's clock."
            )

    def parse(self, incoming: Incoming) -> Sequence[ChannelEvent]:
        """Read one envelope; a repeat (`X-Slack-Retry-Num`) has the key of the first."""
        return events_of(incoming.body)

    async def send(self, part: Part) -> str:
        """Post one message, or upload one file; return its `ts`, or the file's id."""
        channel, thread = channel_and_thread(part.chat)
        if part.file is not None:
            return await self._uploads.share(part.file, channel, thread, escaped(part.text))
        metadata = {"event_type": METADATA_TYPE, "event_payload": {"key": part.key}}
        form = {
            "channel": channel,
            "text": escaped(part.text),
            "mrkdwn": "false",
            "metadata": msgspec.json.encode(metadata).decode(),
        }
        found = await self._call("chat.postMessage", form | ({"thread_ts": thread} if thread else {}))
        if not text_at(found, "ts"):
            raise SendError(SendProblem.UNKNOWN_OUTCOME, "Slack took the message, but did not say under which id.")
        return text_at(found, "ts")

    async def edit(self, chat: str, message_id: str, text: str) -> None:
        """Change a message, or take it back; a file can only be taken back."""
        channel, _ = channel_and_thread(chat)
        if message_id.startswith("F"):
            if text:
                raise SendError(SendProblem.INVALID, "A file in Slack can be taken back, not changed.")
            await self._call("files.delete", {"file": message_id})
        elif text:
            await self._call("chat.update", {"channel": channel, "ts": message_id, "text": escaped(text)})
        else:
            await self._call("chat.delete", {"channel": channel, "ts": message_id})

    async def typing(self, chat: str) -> None:
        """Show it in a thread; an app that may not is not asked again."""
        channel, thread = channel_and_thread(chat)
        if not thread or not self._shows_typing:
            return
        try:
            form = {"channel_id": channel, "thread_ts": thread, "status": _TYPING}
            await self._call("assistant.threads.setStatus", form)
        except SendError as error:
            self._shows_typing = error.problem is not SendProblem.AUTH

    async def health(self) -> str:
        """Ask `auth.test` whether the bot token works."""
        try:
            await self._call("auth.test", {})
        except SendError as error:
            return error.message
        return ""

    def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes."""
        return downloaded(self._http, self._bot, file, self._call)

    def missed(self, chats: Sequence[str], since: datetime) -> AsyncIterator[Incoming]:
        """Yield what people wrote in channels and threads that are known, since an instant.

        Raises:
            SendError: Slack cannot be asked now.
        """
        return Missed(self._call, chats, since).read()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _call(self, method: str, form: Mapping[str, str]) -> object:
        """Call one method with the bot's token.

        Raises:
            SendError: as `answered`.
        """
        return answered(await self._http.call("POST", f"/{method}", data=form, headers=self._bot))

    def _check_signature(self, incoming: Incoming) -> None:
        """Compare the signature with ours, in constant time.

        Raises:
            NotAuthenticatedError: `bad_signature`.
        """
        given = incoming.headers.get("x-slack-signature", "")
        stamp = _stamp(incoming)
        if self._secret is not None and stamp.isascii() and stamp.isdigit() and len(stamp) < 12:
            signed = b"v0:" + stamp.encode() + b":" + incoming.body
            expected = "v0=" + hmac.new(self._secret.reveal().encode(), signed, hashlib.sha256).hexdigest()
            if hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass")):
                return
        raise NotAuthenticatedError(
            "bad_signature", "The request is not signed by Slack.", "Check signing_secret in the channel's section."
        )


def _stamp(incoming: Incoming) -> str:
    return incoming.headers.get("x-slack-request-timestamp", "")


class SlackSocket(Slack):
    """One app that is connected to Slack; it needs no public address, and nobody may post to it."""

    def __init__(
        self,
        *,
        bot_token: SecretText,
        app_token: SecretText,
        clock: Clock,
        api_base: str = DEFAULT_API_BASE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Speak for the app whose tokens these are.

        Args:
            bot_token: `xoxb-...`, for the Web API.
            app_token: `xapp-...`, for Socket Mode.
            clock: Times the pauses between connections.
            api_base: Of the Web API.
            transport: For tests: the way to the network.
        """
        super().__init__(bot_token=bot_token, api_base=api_base, transport=transport)
        self._socket: Final = SocketMode(self._http, app_token, clock)

    def listen(self, cursor: str) -> AsyncIterator[tuple[Incoming, str]]:
        """Yield what comes over Socket Mode; Slack keeps the place itself, by what was acknowledged.

        Raises:
            SendError: AUTH: Slack refuses the app token, or Socket Mode was switched off.
        """
        return self._socket.listen(cursor)


def make(settings: SlackSettings, setup: Setup) -> Slack:
    """Return the channel of one section.

    Raises:
        ConfigError: a token or secret that its way in needs is missing.
    """
    bot_token = setup.secret("bot_token_file", settings.bot_token_file, "it speaks for the app")
    if settings.way_in == "socket":
        return SlackSocket(
            bot_token=bot_token,
            app_token=setup.secret("app_token_file", settings.app_token_file, "Socket Mode needs an app-level token"),
            clock=setup.clock,
            api_base=settings.api_base,
            transport=setup.transport,
        )
    why = "without it no request of Slack can be believed"
    return Slack(
        bot_token=bot_token,
        signing_secret=setup.secret("signing_secret_file", settings.signing_secret_file, why),
        api_base=settings.api_base,
        transport=setup.transport,
    )
