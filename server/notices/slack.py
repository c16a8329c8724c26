"""Post notices in a Slack channel, and keep them up to date: waiting, accepted by whom, how it ended.

Sources: https://docs.slack.dev/reference/methods/chat.postMessage and chat.update,
https://docs.slack.dev/reference/block-kit/blocks (lengths). What customers and assistants said is only ever a
`plain_text` object: nothing in it is markup, and nothing in it calls anybody.
"""

from typing import Final

import msgspec
from typing_extensions import override

from server.broker.ports.notices import Destination, Notice
from server.core.errors import ProviderError
from server.notices.content import headline, last_turns, rows
from server.notices.vendor import Transport, Vendor, read, retry_after, the_network
from server.secret_files import SecretText

API_BASE: Final = "https://slack.com/api"
HEADER_CHARS: Final = 150
FIELD_CHARS: Final = 2000
SECTION_CHARS: Final = 3000
FIELDS: Final = 10
"""The most of one section."""
_LONG: Final = frozenset({"Summary", "Note", "Transcript", "Recording", "Next step"})
"""Facts that get the whole width."""

_LATER: Final = frozenset(
    {"ratelimited", "rate_limited", "service_unavailable", "fatal_error", "internal_error", "request_timeout"}
)
"""Errors that pass. Others need somebody who mends the settings, and are final."""

Block = dict[str, object]


class _Answer(msgspec.Struct):
    """HTTP 200 carries failures too."""

    ok: bool = False
    error: str = ""
    channel: str = ""
    ts: str = ""


class Slack(Destination):
    """One channel in one workspace."""

    def __init__(
        self, token: SecretText, channel: str, *, api_base: str = API_BASE, transport: Transport = the_network
    ) -> None:
        """Post as the app whose bot token (`xoxb-...`) it is; `channel` is an id."""
        self._headers: Final = {"authorization": f"Bearer {token.reveal()}"}
        self._channel: Final = channel
        self._vendor: Final = Vendor("Slack", api_base, transport)

    @override
    async def send(self, notice: Notice) -> str:
        """Post the message and return its channel and `ts`."""
        form = {"channel": self._channel, "unfurl_links": "false", "unfurl_media": "false", **words(notice)}
        found = await self._call("chat.postMessage", form)
        return f"{found.channel or self._channel}:{found.ts}" if found.ts else ""

    @override
    async def amend(self, reference: str, notice: Notice) -> None:
        """Write the message anew."""
        channel, _, ts = reference.partition(":")
        await self._call("chat.update", {"channel": channel, "ts": ts, **words(notice)})

    async def _call(self, method: str, form: dict[str, str]) -> _Answer:
        answer = await self._vendor.post(f"/{method}", data=form, headers=self._headers)
        found = read(answer, _Answer)
        if found is None:
            raise self._vendor.refused(f"status {answer.status_code} and nothing that can be read", retryable=True)
        if not found.ok:
            wait = retry_after(answer.headers.get("retry-after", ""))
            refusal = self._vendor.refused(found.error or f"status {answer.status_code}")
            raise ProviderError(
                refusal.code,
                refusal.message,
                "Look at the app's scopes, and invite it to the channel.",
                retryable=found.error in _LATER,
                retry_after_seconds=wait,
            )
        return found


def words(notice: Notice) -> dict[str, str]:
    """Return what says the notice: the blocks, and the line for notifications."""
    line = headline(notice).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": line, "blocks": msgspec.json.encode(blocks(notice)).decode()}


def blocks(notice: Notice) -> list[Block]:
    """Return the notice in Block Kit."""
    found: list[Block] = [{"type": "header", "text": _plain(headline(notice), HEADER_CHARS)}]
    told = rows(notice)
    short = [_plain(f"{name}: {text}", FIELD_CHARS) for name, text in told if name not in _LONG]
    found.append({"type": "section", "fields": short[:FIELDS]})
    found += [_section(f"{name}: {text}") for name, text in told if name in _LONG]
    if turns := last_turns(notice):
        found.append({"type": "divider"})
        found.append(_section("\n".join(f"{who}: {text}" for who, text in turns)))
    if notice.accept_url:
        link = f"<{notice.accept_url}|I take it>"
        found.append({"type": "section", "text": {"type": "mrkdwn", "text": link, "verbatim": True}})
    return found


def _section(text: str) -> Block:
    return {"type": "section", "text": _plain(text, SECTION_CHARS)}


def _plain(text: str, most: int) -> Block:
    """Return a text that Slack shows as it is."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return {"type": "plain_text", "text": cut, "emoji": False}
