"""List every metric: its name, kind, labels and meaning; docs/metrics.md is written from here.

Labels take values from the configuration or from lists in the code, never what customers, platforms or telephones
bring: a name that is not configured is `other`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from server.broker.ports.measures import JITTER_BOUNDS, LOSS_BOUNDS, MOS_BOUNDS

OTHER: Final = "other"
"""The label of whatever is not known by name."""
_WAITS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
_SHORT: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_TINY: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `bounds` are of a histogram."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str
    bounds: tuple[float, ...] = ()


_QUEUE: Final = ("organisation", "queue")
_ACCOUNT: Final = ("organisation", "account")

METRICS: Final[tuple[Metric, ...]] = (
    Metric("desk_build_info", "gauge", ("version", "protocol", "python"), "1; the labels say what runs."),
    Metric("desk_handoffs_requested", "counter", (*_QUEUE, "medium", "kind"), "Requests for a person."),
    Metric(
        "desk_handoffs_ended",
        "counter",
        (*_QUEUE, "medium", "outcome"),
        "Handoffs whose talk or wait is over, by outcome.",
    ),
    Metric(
        "desk_time_to_human_seconds",
        "histogram",
        (*_QUEUE, "medium"),
        "From the request to the first word with a person, of those whom somebody reached.",
        _WAITS,
    ),
    Metric(
        "desk_service_level",
        "counter",
        (*_QUEUE, "result"),
        "As the service level counts: answered_in_time, answered_late, abandoned_in_time, abandoned_late, "
        "abandoned_short, expired.",
    ),
    Metric("desk_waiting", "gauge", _QUEUE, "Customers who wait for a person now."),
    Metric(
        "desk_longest_wait_seconds", "gauge", _QUEUE, "How long the one has waited who waits longest; 0: nobody does."
    ),
    Metric("desk_in_hand", "gauge", _QUEUE, "Customers whom an operator has now."),
    Metric(
        "desk_sessions_open",
        "gauge",
        ("organisation", "medium", "state"),
        "Handoffs that are open now, by medium and state.",
    ),
    Metric(
        "desk_offers",
        "counter",
        (*_QUEUE, "result"),
        "Rings: made, accepted, declined, missed, withdrawn, or ended because somebody elsewhere took it.",
    ),
    Metric("desk_picked", "counter", _QUEUE, "Handoffs that somebody took without having been rung for them."),
    Metric("desk_operators", "gauge", ("organisation", "presence"), "Operators by the presence they chose."),
    Metric("desk_recordings", "counter", (*_QUEUE, "result"), "Recordings: begun, or failed."),
    Metric(
        "desk_routing_seconds",
        "histogram",
        (),
        "What a round of offers took in this process, of rounds that had somebody to ring.",
        _TINY,
    ),
    Metric("desk_notices", "counter", ("destination", "result"), "Notices: accepted, retried, passed_on or given_up."),
    Metric(
        "desk_outbox_jobs", "gauge", ("kind", "state"), "Jobs that are not done: planned for later, due, or retrying."
    ),
    Metric("desk_outbox_overdue_seconds", "gauge", ("kind",), "For how long the oldest job has been due; 0: none is."),
    Metric(
        "desk_channel_events",
        "counter",
        (*_ACCOUNT, "kind"),
        "What platforms sent and was taken, by kind; unknown: nothing we know; not_taken: given up.",
    ),
    Metric(
        "desk_channel_parts",
        "counter",
        (*_ACCOUNT, "result"),
        "What was said to platforms: sent, failed, unknown (nobody knows), dropped; waiting: to be tried again.",
    ),
    Metric("desk_channel_waiting", "gauge", _ACCOUNT, "Parts that wait to be sent now."),
    Metric("desk_channel_unknown", "gauge", _ACCOUNT, "Parts of which nobody knows whether they arrived."),
    Metric("desk_channel_well", "gauge", _ACCOUNT, "1: the account works; 0: something is wrong with it."),
    Metric("desk_media_worker_up", "gauge", (), "1: the media worker answers; 0: not within a second."),
    Metric("desk_calls_live", "gauge", (), "Calls with at least one leg."),
    Metric("desk_recordings_live", "gauge", (), "Recordings that are being written."),
    Metric("desk_legs_live", "gauge", ("role", "transport"), "Connected legs."),
    Metric("desk_legs_joined", "counter", ("role", "transport"), "Legs that came in."),
    Metric("desk_legs_left", "counter", ("role", "goodbye"), "Legs that went: with a goodbye (yes), or broken (no)."),
    Metric("desk_legs_refused", "counter", (), "Sockets at the media worker whose token let nobody in."),
    Metric("desk_audio_frames", "counter", ("role", "transport"), "Audio frames of 20 ms that arrived."),
    Metric(
        "desk_audio_frames_lost", "counter", ("role", "transport"), "Audio frames that should have arrived and did not."
    ),
    Metric(
        "desk_audio_loss_percent",
        "histogram",
        ("role", "transport"),
        "Seconds of audio by how much of them was lost, where the transport numbers its frames.",
        LOSS_BOUNDS,
    ),
    Metric(
        "desk_audio_jitter_ms",
        "histogram",
        ("role", "transport"),
        "The same seconds by jitter (RFC 3550), in milliseconds.",
        JITTER_BOUNDS,
    ),
    Metric(
        "desk_audio_mos",
        "histogram",
        ("role", "transport"),
        "The same seconds by estimated mean opinion score, from loss and jitter at the media worker.",
        MOS_BOUNDS,
    ),
    Metric(
        "desk_model_questions", "counter", ("purpose", "status"), "Questions to a language model, by what came of them."
    ),
    Metric("desk_model_seconds", "counter", ("purpose",), "Seconds spent waiting for its answers."),
    Metric("desk_model_tokens", "counter", ("purpose", "direction"), "Tokens of questions (in) and answers (out)."),
    Metric("desk_model_cost", "counter", ("purpose",), "Cost, in the currency of [llm] cents_per_million_*."),
    Metric(
        "desk_http_request_seconds",
        "histogram",
        ("method", "route", "status"),
        "Requests by route (as in the OpenAPI document) and class of status, until the answer begins.",
        _SHORT,
    ),
    Metric(
        "desk_commit_seconds",
        "histogram",
        (),
        "Writing transactions of the database, each of a group of changes.",
        _SHORT,
    ),
    Metric("desk_loop_lag_seconds", "histogram", (), "How late the event loop was, looked at twice a second.", _SHORT),
)

BY_NAME: Final = {metric.name: metric for metric in METRICS}


def table() -> str:
    """Return the table of docs/metrics.md."""
    lines = ["| metric | kind | labels | what it tells |", "| --- | --- | --- | --- |"]
    for metric in METRICS:
        shown = metric.name + ("_total" if metric.kind == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "-"
        lines.append(f"| `{shown}` | {metric.kind} | {labels} | {metric.meaning} |")
    return "\n".join(lines) + "\n"
