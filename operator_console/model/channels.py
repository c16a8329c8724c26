"""Say which accounts on platforms are not well, and what to do about it. Pure."""

from typing import Final

import msgspec
from msgspec.structs import replace

from operator_console.model.clean import line
from operator_console.model.state import DeskModel
from operator_console.model.team import supervises
from server.wire.frames import Alarms, ChannelAlarm

MOST: Final = 32


def with_alarms(model: DeskModel, frame: Alarms) -> DeskModel:
    """Return the model after the broker told which accounts are not well."""
    return replace(model, alarms=tuple(_clean(one) for one in frame.channels[:MOST]))


def _clean(alarm: ChannelAlarm) -> ChannelAlarm:
    return msgspec.structs.replace(alarm, name=line(alarm.name), kind=line(alarm.kind), problem=line(alarm.problem))


def alarm_words(model: DeskModel) -> str:
    """Return which account is not well, why, and what to do; empty while all are well."""
    if not model.alarms:
        return ""
    first, others = model.alarms[0], len(model.alarms) - 1
    kind = f" ({first.kind})" if first.kind and first.kind != first.name else ""
    held = "nothing is sent there" if first.paused else "it may not work"
    what = first.problem.rstrip(".") or "it rests"
    does = f"operator-server channels check {first.name}" if supervises(model) else "tell your supervisor"
    more = f" And {others} more." if others else ""
    return f"Channel {first.name}{kind}: {held}, {does}. {what}.{more}"


def alarm_count(model: DeskModel) -> str:
    """Return how many accounts are not well, for the header; empty while all are well."""
    count = len(model.alarms)
    return f"{count} channel{'s' if count > 1 else ''} ill" if count else ""
