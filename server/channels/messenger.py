"""Talk with customers on Messenger and Instagram: one page or professional account each.

Sources: developers.facebook.com/docs/messenger-platform/send-messages, /docs/instagram-platform/instagram-api-with-
facebook-login, Conversation Routing (which keeps the calls of the handover protocol). Within 24 hours of the customer's
last message anybody may answer; within 7 days a person, under the HUMAN_AGENT tag; after that nobody.

Before: a part to say. After: the id that Meta gave it, or by what it failed.
"""

import json
from collections.abc import AsyncIterator
from typing import Final

from server.broker.ports.channels import (
    ChannelEvent,
    Incoming,
    Limits,
    OutgoingFile,
    Part,
    RemoteFile,
    SendError,
    SendProblem,
    Window,
)
from server.channel_settings.meta import InstagramSettings, MessengerSettings
from server.channels.graph import ANOTHER_APP_HAS_IT, GraphError
from server.channels.messenger_events import Owner, events
from server.channels.meta_account import MetaAccount, MetaChannel, meta_account
from server.channels.meta_files import bytes_of
from server.channels.reading import text_at
from server.channels.setup import Setup

DAY_SECONDS: Final = 24 * 3600.0
PERSON_SECONDS: Final = 7 * DAY_SECONDS
MESSENGER: Final = Limits(
    longest=2000,
    files=True,
    typing=True,
    receipts=True,
    window_seconds=DAY_SECONDS,
    person_window_seconds=PERSON_SECONDS,
)
INSTAGRAM: Final = Limits(
    longest=1000,
    unit="bytes",
    files=True,
    typing=True,
    receipts=True,
    window_seconds=DAY_SECONDS,
    person_window_seconds=PERSON_SECONDS,
)
_KINDS: Final = ("image", "audio", "video")


def make(settings: MessengerSettings | InstagramSettings, setup: Setup) -> "Messenger":
    """Return the channel of one section.

    Raises:
        ConfigError: an id or a secret is missing.
    """
    about = "instagram" if isinstance(settings, InstagramSettings) else "page"
    account_id = settings.account_id if isinstance(settings, InstagramSettings) else settings.page_id
    if not account_id:
        what = "account_id" if about == "instagram" else "page_id"
        raise setup.wrong(what, "is missing: it is how our webhooks are told from those of other accounts")
    return Messenger(
        meta_account(settings, setup),
        Owner(about, account_id, settings.app_id),
        INSTAGRAM if about == "instagram" else MESSENGER,
        settings.page_id or account_id,
    )


class Messenger(MetaChannel):
    """One page on Messenger, or one professional account on Instagram."""

    def __init__(self, meta: MetaAccount, owner: Owner, limits: Limits, node: str) -> None:
        """Speak for one account.

        Args:
            meta: Its secrets and the way to Graph.
            owner: Whose webhooks are ours.
            limits: Of the platform.
            node: What messages are posted to: the page, or the Instagram account.
        """
        super().__init__(meta)
        self._owner: Final = owner
        self._limits: Final = limits
        self._node: Final = node

    @property
    def limits(self) -> Limits:
        """What the platform allows."""
        return self._limits

    def parse(self, incoming: Incoming) -> list[ChannelEvent]:
        """Return everything in the batch."""
        return events(incoming, self._owner)

    async def send(self, part: Part) -> str:
        """Send one part; a file is brought first, which nobody sees. Takes the thread back for a person who answers.

        Raises:
            SendError: by Meta's code.
        """
        tag = _permission(part)
        message = {"attachment": await self._bring(part, part.file)} if part.file else {"text": part.text}
        body = {"recipient": {"id": part.chat}, **tag, "message": message}
        try:
            answer = await self._graph.post(self._path("messages"), body)
        except GraphError as error:
            if error.subcode != ANOTHER_APP_HAS_IT:
                raise
            if not part.by_person:
                raise SendError(SendProblem.INVALID, "Another app has this chat now; the AI stays silent.") from error
            await self.take(part.chat)
            answer = await self._graph.post(self._path("messages"), body)
        sent = text_at(answer, "message_id")
        if not sent:
            raise SendError(SendProblem.UNKNOWN_OUTCOME, "Meta took it and named no message.")
        return sent

    async def take(self, chat: str) -> None:
        """Take the thread from the app that has it.

        Raises:
            SendError: by Meta's code: only the app that is set as the default for conversations may.
        """
        await self._graph.post(self._path("take_thread_control"), {"recipient": {"id": chat}})

    async def typing(self, chat: str) -> None:
        """Show that somebody types, for up to 20 seconds."""
        try:
            await self._graph.post(self._path("messages"), {"recipient": {"id": chat}, "sender_action": "typing_on"})
        except SendError:
            return

    def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes; its address needs no token, and gets none.

        Raises:
            SendError: RETRY, GONE, INVALID.
        """
        return bytes_of(self._meta.http, file.handle)

    async def health(self) -> str:
        """Return what is wrong with the token or the account."""
        try:
            answer = await self._graph.get(f"/{self._node}", fields="id")
        except SendError as error:
            return error.message
        return "" if text_at(answer, "id") == self._node else "The token is not of this account."

    async def close(self) -> None:
        """Let go of the connection."""
        await self._meta.http.close()

    def _path(self, edge: str) -> str:
        return f"/{self._node}/{edge}"

    async def _bring(self, part: Part, file: OutgoingFile) -> dict[str, object]:
        """Upload the part's file and return the attachment that names it.

        Raises:
            SendError: INVALID: there are words with it; what the upload raises.
        """
        if part.text:
            raise SendError(SendProblem.INVALID, "A file has no caption here: send the words by themselves.")
        kind = file.media_type.partition("/")[0]
        kind = kind if kind in _KINDS else "file"
        wanted = {"attachment": {"type": kind, "payload": {"is_reusable": True}}}
        fields = {"message": json.dumps(wanted)}
        if self._owner.about == "instagram":
            fields["platform"] = "instagram"
        content = (file.name, file.content, file.media_type)
        answer = await self._graph.upload(self._path("message_attachments"), fields, "filedata", content)
        brought = text_at(answer, "attachment_id")
        if not brought:
            raise SendError(SendProblem.RETRY, "The file was not brought to Meta.")
        return {"type": kind, "payload": {"attachment_id": brought}}


def _permission(part: Part) -> dict[str, str]:
    """Return under which of Meta's rules a part may go out.

    Raises:
        SendError: WINDOW: under none.
    """
    if part.window is Window.OPEN:
        return {"messaging_type": "RESPONSE"}
    if part.window is Window.PERSON_ONLY and part.by_person:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    said = "7 days" if part.window is Window.CLOSED else "24 hours"
    raise SendError(SendProblem.WINDOW, f"More than {said} since the customer's last message.")
