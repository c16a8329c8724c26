"""Post notices in Microsoft Teams through a Workflow: an Adaptive Card.

Sources: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook,
https://adaptivecards.io/schemas/adaptive-card.json (1.5.0). A Workflow gives no id back: its messages cannot be
changed. What customers and assistants said stands only in `TextRun`s, which know no markup.
"""

from typing import Final

import httpx
import msgspec
from typing_extensions import override

from server.broker.ports.notices import Destination, Notice
from server.core.errors import ProviderError
from server.notices.checked_post import CheckedPost
from server.notices.content import headline, last_turns, rows
from server.notices.vendor import Transport, the_network
from server.secret_files import SecretText

MOST_BYTES: Final = 24_000
"""Teams refuses messages from about 28 KB on."""
CARD_TYPE: Final = "application/vnd.microsoft.card.adaptive"
_encoder: Final = msgspec.json.Encoder()

Element = dict[str, object]


class Teams(Destination):
    """One Workflow."""

    def __init__(self, url: SecretText, *, allow_private: bool = False, transport: Transport = the_network) -> None:
        """Post to the Workflow's address, which is a secret."""
        self._post: Final = CheckedPost(url.reveal(), allow_private=allow_private, transport=transport)

    @override
    async def send(self, notice: Notice) -> str:
        """Post the card; any 2xx is acceptance."""
        status, _ = await self._post.post(message(notice), {})
        if not httpx.codes.is_success(status):
            raise ProviderError(
                "teams_refused",
                f"The Workflow answered {status}.",
                "Look whether it is still there, and whether its owner is.",
                retryable=status not in {404, 410},
            )
        return ""


def message(notice: Notice) -> bytes:
    """Return the message in JSON, with fewer turns where it would be too long."""
    turns = last_turns(notice)
    while True:
        card = card_of(notice, turns)
        content = _encoder.encode({"type": "message", "attachments": [{"contentType": CARD_TYPE, "content": card}]})
        if len(content) <= MOST_BYTES or not turns:
            return content
        turns = turns[1:]


def card_of(notice: Notice, turns: tuple[tuple[str, str], ...]) -> Element:
    """Return the notice as an Adaptive Card."""
    body: list[Element] = [_lines([("", headline(notice))], size="Medium", weight="Bolder")]
    body += [_lines([(f"{name}: ", text)]) for name, text in rows(notice)]
    if turns:
        said = _lines([(f"{who}: ", text) for who, text in turns[:1]])
        rest = [_lines([(f"{who}: ", text)]) for who, text in turns[1:]]
        body += [{**said, "separator": True}, *rest]
    card: Element = {"type": "AdaptiveCard", "version": "1.4", "body": body, "fallbackText": headline(notice)}
    if notice.accept_url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "I take it", "url": notice.accept_url}]
    return card


def _lines(pairs: list[tuple[str, str]], *, size: str = "Default", weight: str = "Default") -> Element:
    """Return a paragraph of names in bold and texts as they are."""
    runs: list[Element] = []
    for name, text in pairs:
        if name:
            runs.append({"type": "TextRun", "text": name, "weight": "Bolder"})
        runs.append({"type": "TextRun", "text": text, "size": size, "weight": weight})
    return {"type": "RichTextBlock", "inlines": runs}
