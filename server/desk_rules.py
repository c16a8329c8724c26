"""Turn the settings of the desk and of its queues into the rules that the core takes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from server.config import Settings
from server.config_desk import DeskSettings
from server.config_queues import QueueSettings
from server.core.policy import Line
from server.core.session import Rules
from server.policies import hours_of, lines_of
from server.routing_rules import routing_of
from server.voicemail_of import voicemail_of
from server.wire.history import QueueView

T = TypeVar("T")


def rules_of(settings: Settings, folder: Path = Path()) -> Rules:
    """Return the durations of the desk and of its queues as the core takes them; paths count from `folder`.

    Raises:
        ConfigError: A policy, a rule of routing or a greeting cannot be used.
    """
    back = settings.callbacks
    desk = replace(
        _desk_rules(settings.desk),
        transfer_seconds=settings.transfers.ring_seconds,
        callback_attempts=back.attempts,
        callback_gap_seconds=back.gap_seconds,
        callback_keep_seconds=back.keep_seconds,
        callback_hours=hours_of("[callbacks]", back),
        redial_seconds=back.redial_seconds,
    )
    lines = lines_of(settings)
    queues = {
        name: replace(
            _queue_rules(desk, settings.desk, name, queue, lines[name]), voicemail=voicemail_of(name, queue, folder)
        )
        for name, queue in settings.queues.items()
    }
    return replace(desk, queues=queues)


def _queue_rules(desk: Rules, settings: DeskSettings, name: str, queue: QueueSettings, line: Line) -> Rules:
    return replace(
        desk,
        wrap_up_seconds=_first(queue.wrap_up_seconds, desk.wrap_up_seconds),
        wait_expires_seconds=_first(queue.wait_expires_seconds, desk.wait_expires_seconds),
        promise_seconds=_first(queue.promise_seconds, desk.promise_seconds),
        announce_supervision=_first(queue.announce_supervision, desk.announce_supervision),
        short_abandon_seconds=_first(queue.short_abandon_seconds, desk.short_abandon_seconds),
        routing=routing_of(settings, name, queue),
        policy=line.policy,
        outcome_to=queue.outcome_to,
        ticket_system=queue.ticket.system,
        ticket_at_handoff=queue.ticket.at == "handoff",
        record=queue.record,
        record_needs_consent=queue.record_consent == "required",
        disposition_required=queue.disposition_required,
    )


def _first(own: T | None, other: T) -> T:
    return other if own is None else own


def _desk_rules(desk: DeskSettings) -> Rules:
    return Rules(
        screening_seconds=desk.screening_seconds,
        offer_voice_seconds=desk.offer_seconds_voice,
        offer_chat_seconds=desk.offer_seconds_chat,
        connect_lease_seconds=desk.connect_lease_seconds,
        reconnect_voice_seconds=desk.reconnect_seconds_voice,
        reconnect_chat_seconds=desk.reconnect_seconds_chat,
        wrap_up_seconds=desk.wrap_up_seconds,
        wait_expires_seconds=desk.wait_expires_seconds,
        promise_seconds=desk.promise_seconds,
        receipt_seconds=desk.receipt_seconds,
        edit_window_seconds=desk.edit_window_seconds,
        announce_supervision=desk.announce_supervision,
        short_abandon_seconds=desk.short_abandon_seconds,
        dial_seconds=desk.ring_back_seconds,
        away_after_missed=desk.away_after_missed,
        rest_missed_seconds=desk.rest_missed_seconds,
        rest_declined_seconds=desk.rest_declined_seconds,
        ring_again_seconds=desk.ring_again_seconds,
        routing=routing_of(desk),
    )


def queues_of(queues: Mapping[str, QueueSettings]) -> dict[str, QueueView]:
    """Return what is configured of queues, by name."""
    return {
        name: QueueView(name=name, dispositions=one.dispositions, disposition_required=one.disposition_required)
        for name, one in queues.items()
    }
