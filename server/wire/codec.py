"""Turn frames into bytes and back, within limits, so that hostile bytes cost little and name their fault.

Both ends decode with the same limits: size, depth, and msgspec's strict types. A caller keeps one
`msgspec.json.Decoder` per kind of frame.
"""

import re
from typing import Final, TypeVar

import msgspec

from server.wire.errors import ErrorBody

MAX_FRAME_BYTES: Final = 64 * 1024
"""The longest text frame taken from a peer."""
MAX_DEPTH: Final = 16
"""How deep brackets may nest."""

T = TypeVar("T")


class WireError(Exception):
    """Bytes from a peer that are not a frame of ours; `body` says why and what to do."""

    def __init__(self, body: ErrorBody) -> None:
        """Keep the refusal as it will be shown to the peer."""
        super().__init__(body.message)
        self.body = body


def encode(value: object) -> bytes:
    """Return the JSON of a wire struct as UTF-8."""
    return _encoder.encode(value)


def decode(data: bytes | str, decoder: msgspec.json.Decoder[T], max_bytes: int = MAX_FRAME_BYTES) -> T:
    """Return `data` as what `decoder` is for.

    Raises:
        WireError: with code `frame_too_large`, `malformed_json` or `invalid_frame`.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > max_bytes:
        raise WireError(
            ErrorBody("frame_too_large", f"The frame has {len(raw)} bytes.", f"Send at most {max_bytes} bytes a frame.")
        )
    if _nests_deeper(raw, MAX_DEPTH):
        raise WireError(
            ErrorBody("malformed_json", f"Brackets nest deeper than {MAX_DEPTH}.", "Send the documented shape.")
        )
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise WireError(
            ErrorBody("invalid_frame", f"A field is wrong: {error}.", "See docs/protocol.md for the frame's fields.")
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(
            ErrorBody("malformed_json", f"This is not JSON: {error}.", "Send one JSON object per text frame, in UTF-8.")
        ) from error


def _nests_deeper(raw: bytes, limit: int) -> bool:
    """Tell whether brackets outside strings nest deeper than `limit`."""
    if raw.count(b"{") + raw.count(b"[") <= limit:
        return False
    escapes = raw.count(b"\\")
    bare = (_FULL_OF_ESCAPES if escapes * 20 > len(raw) else _ESCAPES).sub(b"", raw) if escapes else raw
    marks = bare.translate(None, _NO_MARKS).replace(b'""', b"")  # the rest stays inside or outside, as it was
    depth = 0
    for byte in _STRINGS.sub(b"", marks):
        depth += 1 if byte in b"{[" else -1
        if depth > limit:
            return True
    return False


_ESCAPES: Final = re.compile(rb"\\.", re.DOTALL)
"""Outside strings JSON has no backslash: the decoder stops at one, so what follows it need not be counted right."""
_FULL_OF_ESCAPES: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
"""A whole string; faster than each escape by itself where there are many."""
_NO_MARKS: Final = bytes(set(range(256)) - set(b'"[]{}'))
_STRINGS: Final = re.compile(rb'"[^"]*+"?')
_encoder = msgspec.json.Encoder()
