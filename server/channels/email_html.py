"""Turn a mail that was only written as HTML into plain text, without what it quotes."""

from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

_SILENT: Final = frozenset({"script", "style", "head", "title", "template", "noscript"})
_LINES: Final = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr"})
_VOID: Final = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "source", "embed"})
_QUOTES: Final = frozenset({"gmail_quote", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote"})
"""Classes that mail programs give to what they quote."""
_ENDS: Final = frozenset({"divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container"})
"""Ids after which Outlook puts the message that is answered."""
_DEEPEST: Final = 200
"""Elements within elements; deeper ones belong to nobody's words."""


def text_of_html(html: str) -> str:
    """Return the words of a page, one line for each of its blocks."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()


class _Words(HTMLParser):
    """Collects words; `_skipping` is how deep the element is that is left out, 0 where none is."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: Final[list[str]] = []
        self._open: Final[list[str]] = []
        self._skipping = 0
        self._ended = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element, which may be one that is left out."""
        if tag in _LINES and not self._skipping:
            self.words.append("\n")
        if tag in _VOID:
            return
        named = dict(attrs)
        if (named.get("id") or "") in _ENDS:
            self._ended = True
        self._open.append(tag)
        quoted = tag == "blockquote" or bool(_QUOTES & set((named.get("class") or "").split()))
        if not self._skipping and (tag in _SILENT or quoted or len(self._open) > _DEEPEST):
            self._skipping = len(self._open)

    @override
    def handle_endtag(self, tag: str) -> None:
        """End an element, and those within it that nobody ended."""
        if tag not in self._open:
            return
        while self._open and self._open.pop() != tag:
            pass
        if len(self._open) < self._skipping:
            self._skipping = 0
        if tag in _LINES and not self._skipping:
            self.words.append("\n")

    @override
    def handle_data(self, data: str) -> None:
        """Keep words, unless they are left out."""
        if not self._skipping and not self._ended:
            self.words.append(data.replace("\r", " ").replace("\n", " "))
