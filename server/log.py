"""Write one line for each thing worth knowing, without a customer's words, a number or a token in it.

Fields whose name starts with `pii_` hold personal text; they are dropped unless `[log] personal` is on. Fields
that name a secret are always dropped, and so are bearer tokens inside other text. Control characters are escaped,
so that no caller's name can draw on an administrator's terminal. Lines of other libraries go the same way.
"""

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]

PERSONAL_PREFIX: Final = "pii_"
"""Start of the name of every field that holds personal text."""

DROPPED: Final = "[dropped]"
"""What stands in place of a secret."""

MAX_TEXT: Final = 4_000
"""The longest text kept of one field; a traceback may be four times as long."""

_SECRET_FIELD: Final = re.compile(
    r"(?:^|_|-)(?:token|secret|password|passwd|authorization|cookie|api[_-]?key|credential)s?$", re.IGNORECASE
)
_SECRET_TEXT: Final = re.compile(
    r"(?P<lead>\b(?:bearer|basic)\s+|(?:token|secret|password|key)=|://[^/\s:@]*:(?=[^\s/]*@))(?P<secret>[^\s&\"'@]+)",
    re.IGNORECASE,
)
_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)

_TELLS_ADDRESSES: Final = ("httpx", "httpcore")
"""Libraries that write down every address they call, and some platforms' addresses hold a token."""


def get_log(name: str) -> FilteringBoundLogger:
    """Return the log of one module; `name` is its `__name__`."""
    return cast("FilteringBoundLogger", structlog.stdlib.get_logger(name))


def configure(
    *, level: Level = "info", line_format: Format = "text", personal: bool = False, stream: TextIO | None = None
) -> None:
    """Send all lines, ours and other libraries', to `stream` (default: stderr) in one shape.

    Calling it again replaces what was set before.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    steps: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        *([] if personal else [drop_personal]),
        drop_secrets,
        escape_controls,
        structlog.processors.JSONRenderer(ensure_ascii=False) if line_format == "json" else render_text,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=steps, foreign_pre_chain=[structlog.stdlib.ExtraAdder()])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TELLS_ADDRESSES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def drop_personal(_log: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave out every field that starts with `pii_`, at any depth."""
    return cast("EventDict", _without_personal(event))


def drop_secrets(_log: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put `[dropped]` in place of tokens, passwords and other credentials, at any depth."""
    return cast("EventDict", _without_secrets(event))


def escape_controls(_log: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write control and direction characters as escapes; only a traceback keeps its line breaks."""
    trace = event.pop("exception", None)
    escaped = cast("EventDict", _escaped(event))
    if isinstance(trace, str):
        shown = trace if len(trace) <= 4 * MAX_TEXT else "..." + trace[-4 * MAX_TEXT :]
        escaped["exception"] = "\n".join(_escaped_text(line) for line in shown.split("\n"))
    return escaped


def render_text(log: WrappedLogger, method: str, event: EventDict) -> str:
    """Return `timestamp=... level=... event=...` on one line, and a traceback indented below it."""
    trace = event.pop("exception", None)
    fields = {_field_name(name): value for name, value in event.items()}
    line = str(_LOGFMT(log, method, fields))
    if not isinstance(trace, str):
        return line
    return line + "".join(f"\n    {part}" for part in trace.split("\n"))


def _without_personal(value: object) -> object:
    if (entries := _entries(value)) is not None:
        return {name: _without_personal(inner) for name, inner in entries if not _is_personal(name)}
    if (members := _members(value)) is not None:
        return [_without_personal(inner) for inner in members]
    return value


def _without_secrets(value: object) -> object:
    if (entries := _entries(value)) is not None:
        return {name: DROPPED if _SECRET_FIELD.search(name) else _without_secrets(inner) for name, inner in entries}
    if (members := _members(value)) is not None:
        return [_without_secrets(inner) for inner in members]
    if isinstance(value, str):
        return _SECRET_TEXT.sub(rf"\g<lead>{DROPPED}", value)
    return value


def _escaped(value: object) -> object:
    if (entries := _entries(value)) is not None:
        return {_escaped_text(name): _escaped(inner) for name, inner in entries}
    if (members := _members(value)) is not None:
        return [_escaped(inner) for inner in members]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return _escaped_text(str(value))


def _escaped_text(text: str) -> str:
    return _CONTROL.sub(_as_escape, text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "...")


def _entries(value: object) -> list[tuple[str, object]] | None:
    """Return a mapping's entries with names as text; None for anything else."""
    if not isinstance(value, Mapping):
        return None
    return [(str(name), inner) for name, inner in cast("Mapping[object, object]", value).items()]


def _members(value: object) -> list[object] | None:
    """Return the members of a list or tuple; None for anything else."""
    return list(cast("Sequence[object]", value)) if isinstance(value, list | tuple) else None


def _is_personal(name: str) -> bool:
    return name.lower().startswith(PERSONAL_PREFIX)


def _as_escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape", "backslashreplace").decode("ascii")


def _field_name(name: str) -> str:
    return "".join(letter if letter > " " else "_" for letter in name)


_LOGFMT: Final = structlog.processors.LogfmtRenderer(
    key_order=["timestamp", "level", "event", "logger"], drop_missing=True, bool_as_flag=False
)
