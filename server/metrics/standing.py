"""Read how things stand when Prometheus asks: the store's gauges in one transaction, the worker's own counters."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from server.broker.channels.overview import views
from server.broker.parts import Parts
from server.broker.ports.ledger import PendingJobs
from server.broker.ports.measures import (
    JITTER_BOUNDS,
    LOSS_BOUNDS,
    MOS_BOUNDS,
    ModelMeasures,
    Spread,
    WorkerMeasures,
)
from server.broker.ports.store import Unit
from server.broker.ports.supervision import OpenCount, QueueNow
from server.metrics.catalogue import BY_NAME
from server.metrics.counting import Counting
from server.wire.channels import ChannelView
from server.wire.terms import OrganisationId, Presence


class OfOrganisation(msgspec.Struct, frozen=True):
    """How one organisation stands."""

    id: OrganisationId
    queues: dict[str, QueueNow]
    presence: dict[Presence, int]
    open: Sequence[OpenCount]
    channels: Sequence[ChannelView]


class Stand(msgspec.Struct, frozen=True):
    """What one transaction has seen."""

    at: datetime
    organisations: Sequence[OfOrganisation]
    jobs: Sequence[PendingJobs]


def stand_of(unit: Unit, parts: Parts) -> Stand:
    """Return how everything stands."""
    now = parts.clock.now()
    found = [
        OfOrganisation(
            one,
            dict(unit.figures.now(one)),
            unit.views.presence_counts(one),
            unit.figures.open_counts(one),
            views(unit, parts, one) if parts.channels else (),
        )
        for one in unit.roster.organisations()
    ]
    return Stand(now, found, unit.ledger.pending(now))


class Families(Collector):
    """What was read last; prometheus_client asks it while it writes the page."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.latest: list[Metric] = []

    @override
    def collect(self) -> Iterable[Metric]:
        """Return what was read last."""
        return self.latest


def gauge(name: str) -> GaugeMetricFamily:
    """Return an empty gauge of the catalogue."""
    known = BY_NAME[name]
    return GaugeMetricFamily(name, known.meaning, labels=known.labels)


def counter(name: str) -> CounterMetricFamily:
    """Return an empty counter of the catalogue."""
    known = BY_NAME[name]
    return CounterMetricFamily(name, known.meaning, labels=known.labels)


def gauges_of(stand: Stand, counting: Counting) -> list[Metric]:
    """Return the store's gauges; queues and accounts that share a label are added up."""
    waiting, longest, in_hand = gauge("desk_waiting"), gauge("desk_longest_wait_seconds"), gauge("desk_in_hand")
    operators, open_ = gauge("desk_operators"), gauge("desk_sessions_open")
    for one in stand.organisations:
        label = counting.organisation(one.id)
        for queue, now in _by_label(one.queues, counting).items():
            waiting.add_metric((label, queue), now.waiting)
            since = now.waiting_since
            longest.add_metric((label, queue), (stand.at - since).total_seconds() if since else 0.0)
            in_hand.add_metric((label, queue), now.in_hand)
        for presence in Presence:
            operators.add_metric((label, presence), one.presence.get(presence, 0))
        for count in one.open:
            open_.add_metric((label, count.medium, count.state), count.sessions)
    return [waiting, longest, in_hand, operators, open_, *_channels(stand, counting), *_outbox(stand)]


def _by_label(queues: dict[str, QueueNow], counting: Counting) -> dict[str, QueueNow]:
    found = {name: QueueNow() for name in counting.known_queues}
    for name, now in queues.items():
        label = counting.queue(name)
        have = found.get(label, QueueNow())
        since = min((at for at in (have.waiting_since, now.waiting_since) if at is not None), default=None)
        found[label] = QueueNow(have.waiting + now.waiting, since, have.in_hand + now.in_hand)
    return found


def _channels(stand: Stand, counting: Counting) -> list[Metric]:
    waiting, unknown, well = gauge("desk_channel_waiting"), gauge("desk_channel_unknown"), gauge("desk_channel_well")
    for one in stand.organisations:
        for view in one.channels:
            if view.configured:
                labels = counting.account(view.name)
                waiting.add_metric(labels, view.waiting)
                unknown.add_metric(labels, view.unknown)
                well.add_metric(labels, float(not view.problem and not view.paused))
    return [waiting, unknown, well]


def _outbox(stand: Stand) -> list[Metric]:
    jobs, overdue = gauge("desk_outbox_jobs"), gauge("desk_outbox_overdue_seconds")
    for kind in stand.jobs:
        jobs.add_metric((kind.kind, "planned"), kind.planned)
        jobs.add_metric((kind.kind, "due"), kind.due)
        jobs.add_metric((kind.kind, "retrying"), kind.retrying)
        overdue.add_metric(
            (kind.kind,), max((stand.at - kind.oldest_due_at).total_seconds(), 0.0) if kind.oldest_due_at else 0.0
        )
    return [jobs, overdue]


def worker_families(measures: WorkerMeasures | None) -> list[Metric]:
    """Return what the media worker has counted; of one that does not answer only that."""
    up = gauge("desk_media_worker_up")
    up.add_metric((), float(measures is not None))
    if measures is None:
        return [up]
    calls, recordings, refused = gauge("desk_calls_live"), gauge("desk_recordings_live"), counter("desk_legs_refused")
    calls.add_metric((), measures.calls)
    recordings.add_metric((), measures.recordings)
    refused.add_metric((), measures.refused)
    left = counter("desk_legs_left")
    for role, clean, count in measures.left:
        left.add_metric((role, "yes" if clean else "no"), count)
    return [up, calls, recordings, refused, left, *_legs(measures)]


_OF_LEGS: Final = (
    ("desk_audio_loss_percent", LOSS_BOUNDS),
    ("desk_audio_jitter_ms", JITTER_BOUNDS),
    ("desk_audio_mos", MOS_BOUNDS),
)


def _legs(measures: WorkerMeasures) -> list[Metric]:
    live, joined = gauge("desk_legs_live"), counter("desk_legs_joined")
    frames, lost = counter("desk_audio_frames"), counter("desk_audio_frames_lost")
    spreads = [HistogramMetricFamily(name, BY_NAME[name].meaning, labels=BY_NAME[name].labels) for name, _ in _OF_LEGS]
    for leg in measures.legs:
        labels = (leg.role, leg.transport)
        live.add_metric(labels, leg.live)
        joined.add_metric(labels, leg.joined)
        frames.add_metric(labels, leg.frames)
        lost.add_metric(labels, leg.lost)
        for family, (_, bounds), spread in zip(spreads, _OF_LEGS, (leg.loss, leg.jitter, leg.mos), strict=True):
            family.add_metric(labels, _buckets(bounds, spread), spread.total)
    return [live, joined, frames, lost, *spreads]


def _buckets(bounds: Sequence[float], spread: Spread) -> list[tuple[str, float]]:
    """Return cumulative counts by upper bound, as Prometheus wants them."""
    found: list[tuple[str, float]] = []
    so_far = 0
    for bound, count in zip((*map(str, bounds), "+Inf"), spread.counts, strict=True):
        so_far += count
        found.append((bound, float(so_far)))
    return found


def model_families(models: Iterable[ModelMeasures]) -> list[Metric]:
    """Return what was asked of language models."""
    questions, seconds = counter("desk_model_questions"), counter("desk_model_seconds")
    tokens, cost = counter("desk_model_tokens"), counter("desk_model_cost")
    for model in models:
        for status, count in sorted(model.statuses.items()):
            questions.add_metric((model.purpose, status), count)
        seconds.add_metric((model.purpose,), model.seconds)
        tokens.add_metric((model.purpose, "in"), model.tokens_in)
        tokens.add_metric((model.purpose, "out"), model.tokens_out)
        cost.add_metric((model.purpose,), model.cost)
    return [questions, seconds, tokens, cost]
