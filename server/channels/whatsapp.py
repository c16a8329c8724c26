"""Talk with customers on WhatsApp, through one number of Meta's Cloud API.

Sources: developers.facebook.com/docs/whatsapp/cloud-api/reference/messages and /media, and of 2026 the pages on
business-scoped user ids. Within 24 hours of the customer's last message any text may go out; after that only a template
that Meta has approved, so that one can be configured into which the text is put.

Before: a part to say. After: the id that WhatsApp gave it, or by what it failed.
"""

import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Final

from server.broker.ports.channels import (
    ChannelEvent,
    EventKind,
    Incoming,
    Limits,
    OutgoingFile,
    Part,
    RemoteFile,
    SendError,
    SendProblem,
    Window,
)
from server.channel_settings.meta import WhatsAppSettings
from server.channels.meta_account import MetaAccount, MetaChannel, meta_account
from server.channels.meta_files import bytes_of
from server.channels.reading import list_at, text_at
from server.channels.setup import Setup
from server.channels.whatsapp_content import check_caption, in_template, recipient, with_file
from server.channels.whatsapp_events import events

LIMITS: Final = Limits(
    longest=4096,
    files=True,
    typing=True,
    receipts=True,
    per_account_a_second=80.0,
    window_seconds=24 * 3600.0,
)
_REMEMBERED: Final = 10_000
"""For how many chats it is remembered which message was the newest: what the typing sign needs."""


def make(settings: WhatsAppSettings, setup: Setup) -> "WhatsApp":
    """Return the channel of one section.

    Raises:
        ConfigError: the number's id or a secret is missing.
    """
    if not settings.phone_number_id:
        raise setup.wrong("phone_number_id", "is missing: it stands beside the number in the Meta app under WhatsApp")
    return WhatsApp(meta_account(settings, setup), settings)


class WhatsApp(MetaChannel):
    """One number of a WhatsApp business account."""

    def __init__(self, meta: MetaAccount, settings: WhatsAppSettings) -> None:
        """Speak for one number, with its secrets and the way to Graph."""
        super().__init__(meta)
        self._phone_number_id: Final = settings.phone_number_id
        self._template: Final = settings.template
        self._template_language: Final = settings.template_language
        self._newest: Final[OrderedDict[str, str]] = OrderedDict()

    @property
    def limits(self) -> Limits:
        """What the platform allows."""
        return LIMITS

    def parse(self, incoming: Incoming) -> list[ChannelEvent]:
        """Return everything in the batch."""
        found = events(incoming, self._phone_number_id)
        for event in found:
            if event.kind is EventKind.MESSAGE:
                self._newest[event.chat] = event.message_id
                self._newest.move_to_end(event.chat)
        while len(self._newest) > _REMEMBERED:
            self._newest.popitem(last=False)
        return found

    async def send(self, part: Part) -> str:
        """Send one part; a file is brought first, which nobody sees.

        Raises:
            SendError: by Meta's code.
        """
        content = await self._content(part)
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **recipient(part.chat),
            **content,
            "biz_opaque_callback_data": part.key,
        }
        answer = await self._graph.post(f"/{self._phone_number_id}/messages", body)
        taken = list_at(answer, "messages")
        sent = text_at(taken[0], "id") if taken else ""
        if not sent:
            raise SendError(SendProblem.UNKNOWN_OUTCOME, "WhatsApp took it and named no message.")
        return sent

    async def typing(self, chat: str) -> None:
        """Show that somebody types, for up to 25 seconds; it marks the customer's newest message as read."""
        newest = self._newest.get(chat)
        if newest is None:
            return
        body = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": newest,
            "typing_indicator": {"type": "text"},
        }
        try:
            await self._graph.post(f"/{self._phone_number_id}/messages", body)
        except SendError:
            return

    async def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes: its address is asked for first and holds five minutes; the hash must be right.

        Raises:
            SendError: RETRY, GONE, INVALID, AUTH.
        """
        found = await self._graph.get(f"/{file.handle}", phone_number_id=self._phone_number_id)
        seen = hashlib.sha256()
        async for piece in bytes_of(self._meta.http, text_at(found, "url"), headers=self._graph.authorization):
            seen.update(piece)
            yield piece
        wanted = text_at(found, "sha256")
        if wanted and wanted != seen.hexdigest():
            raise SendError(SendProblem.RETRY, "The file did not arrive as WhatsApp has it.")

    async def health(self) -> str:
        """Return what is wrong with the token or the number."""
        try:
            answer = await self._graph.get(f"/{self._phone_number_id}", fields="id,display_phone_number")
        except SendError as error:
            return error.message
        return "" if text_at(answer, "id") == self._phone_number_id else "The token is not of this number."

    async def close(self) -> None:
        """Let go of the connection."""
        await self._meta.http.close()

    async def _content(self, part: Part) -> dict[str, object]:
        """Return the type of a message and its content.

        Raises:
            SendError: WINDOW, INVALID; what the upload of a file raises.
        """
        if part.window is not Window.OPEN:
            return in_template(part, self._template, self._template_language)
        if part.file is None:
            return {"type": "text", "text": {"body": part.text, "preview_url": False}}
        check_caption(part, part.file)
        return with_file(part, part.file, await self._bring(part.file))

    async def _bring(self, file: OutgoingFile) -> str:
        """Upload a file and return its id."""
        fields = {"messaging_product": "whatsapp", "type": file.media_type}
        answer = await self._graph.upload(
            f"/{self._phone_number_id}/media", fields, "file", (file.name, file.content, file.media_type)
        )
        brought = text_at(answer, "id")
        if not brought:
            raise SendError(SendProblem.RETRY, "The file was not brought to Meta.")
        return brought
