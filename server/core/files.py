"""Decide which files are taken: what their bytes are, and whether that kind is allowed."""

from dataclasses import dataclass
from typing import Final

from server.core.errors import CallerError

HEAD_BYTES: Final = 4096
"""How much of a file says what it is."""
UNKNOWN: Final = "application/octet-stream"
_MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (4, b"ftyp", "video/mp4"),
)
_PROGRAMS: Final = (b"\x7fELF", b"MZ", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
_MARKUP: Final = (b"<!doctype html", b"<html", b"<svg", b"<script", b"<?xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRules:
    """Which files are taken, and for how long they are kept; from `[files]` of the configuration."""

    most_bytes: int = 20_000_000
    keep_days: float = 90.0
    types: tuple[str, ...] = ()


NO_FILES: Final = FileRules()
"""Without a configuration no kind of file is taken."""


def kind_of(head: bytes) -> str:
    """Return the media type by the first bytes, never by the name; `application/octet-stream` when unsure.

    Programs and anything that a browser would run are unsure too, so that no configuration takes them as text.
    """
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(_PROGRAMS) or start.startswith(_MARKUP) or b"\0" in head:
        return UNKNOWN
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4 or len(head) < HEAD_BYTES:
            return UNKNOWN
    return "text/plain" if head else UNKNOWN


def check_kind(kind: str, rules: FileRules) -> None:
    """Refuse a kind of file that the configuration does not name.

    Raises:
        CallerError: `file_type_refused`.
    """
    if kind not in rules.types:
        raise CallerError(
            "file_type_refused",
            f"Files of the kind {kind} are not taken.",
            f"Send one of: {', '.join(rules.types) or 'none; no files are taken here'}.",
            {"type": kind},
        )


def too_large(rules: FileRules) -> CallerError:
    """Return the refusal of a file that is longer than allowed."""
    return CallerError(
        "file_too_large",
        f"The file has more than {rules.most_bytes} bytes.",
        "Send a smaller one, or a link to it.",
        {"most_bytes": str(rules.most_bytes)},
    )
