"""Tell our people, once a second, how the audio of their call is."""

from collections.abc import Mapping

from server.media.leg import Leg
from server.media.meter import Reading
from server.wire.terms import LegRole


def tell_quality(legs: Mapping[LegRole, Leg], caller_left_at: float | None, now: float) -> dict[LegRole, Reading]:
    """Read every leg's meter, tell operator and supervisor what concerns them, and return what was read."""
    readings = {role: leg.meter.read() for role, leg in legs.items()}
    caller = legs.get(LegRole.CALLER)
    for role in (LegRole.OPERATOR, LegRole.SUPERVISOR):
        listener = legs.get(role)
        if listener is not None:
            silent_ms = listener.silent_ms_of(caller, caller_left_at, now)
            listener.tell_quality(readings[role], readings.get(LegRole.CALLER), silent_ms, caller)
    return readings
