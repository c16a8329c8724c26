"""Count what happens, on a registry of this broker's own.

Before: the broker has committed a change, a request was answered, a transaction ended. After: a number went up.
"""

from collections.abc import Collection
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase
from typing_extensions import override

from server.broker.ports.measures import Measures, NoticeResult
from server.core.inputs import Input, OfferDeclined, OfferLapsed, OfferMade, OfferWithdrawn, OperatorAccepted
from server.core.report import HandoffRow, counted
from server.core.rings import rung_in
from server.core.session import Rules, Session, is_consult, rung
from server.metrics.catalogue import BY_NAME, OTHER
from server.wire.terms import Outcome, Recording

M = TypeVar("M", bound=MetricWrapperBase)
MOST_ORGANISATIONS: Final = 200
"""Organisations beyond these share the label `other`."""
DEFAULT_QUEUE: Final = "default"


class Counting(Measures):
    """Everything that is counted within this process."""

    def __init__(
        self, registry: CollectorRegistry, rules: Rules, *, destinations: Collection[str], accounts: dict[str, str]
    ) -> None:
        """Count on `registry`.

        Args:
            registry: Of one broker.
            rules: Name the queues, and say after how long a customer who leaves counts.
            destinations: Of notices, by name; those of single people count as their section's.
            accounts: The organisation of each channel account.
        """
        self._registry: Final = registry
        self._rules: Final = rules
        self._queues: Final = frozenset(rules.queues) | {DEFAULT_QUEUE}
        self._destinations: Final = frozenset(name.partition(":")[0] for name in destinations)
        self._accounts: Final = accounts
        self._organisations: Final[set[str]] = set()
        self._requested: Final = self._made(Counter, "desk_handoffs_requested")
        self._ended: Final = self._made(Counter, "desk_handoffs_ended")
        self._to_human: Final = self._histogram("desk_time_to_human_seconds")
        self._level: Final = self._made(Counter, "desk_service_level")
        self._offers: Final = self._made(Counter, "desk_offers")
        self._picked: Final = self._made(Counter, "desk_picked")
        self._recordings: Final = self._made(Counter, "desk_recordings")
        self._notices: Final = self._made(Counter, "desk_notices")
        self._heard: Final = self._made(Counter, "desk_channel_events")
        self._sent: Final = self._made(Counter, "desk_channel_parts")
        self._routing: Final = self._histogram("desk_routing_seconds")
        self._requests: Final = self._histogram("desk_http_request_seconds")
        self._commits: Final = self._histogram("desk_commit_seconds")
        self._lag: Final = self._histogram("desk_loop_lag_seconds")
        self.build_info: Final = self._made(Gauge, "desk_build_info")

    def _made(self, kind: type[M], name: str) -> M:
        known = BY_NAME[name]
        return kind(known.name, known.meaning, known.labels, registry=self._registry)

    def _histogram(self, name: str) -> Histogram:
        known = BY_NAME[name]
        return Histogram(known.name, known.meaning, known.labels, registry=self._registry, buckets=known.bounds)

    def organisation(self, organisation_id: str) -> str:
        """Return the label of an organisation."""
        if organisation_id not in self._organisations and len(self._organisations) >= MOST_ORGANISATIONS:
            return OTHER
        self._organisations.add(organisation_id)
        return organisation_id

    @property
    def known_queues(self) -> frozenset[str]:
        """Queues that have a label of their own."""
        return self._queues

    def queue(self, name: str) -> str:
        """Return the label of a queue."""
        return name if name in self._queues else OTHER

    def of_queue(self, session: Session) -> tuple[str, str]:
        """Return the labels of a session's organisation and queue."""
        return self.organisation(session.organisation_id), self.queue(session.queue)

    @override
    def requested(self, session: Session) -> None:
        """Count a request for a person."""
        self._requested.labels(*self.of_queue(session), session.medium, session.kind).inc()

    @override
    def stepped(self, before: Session, after: Session, fact: Input) -> None:
        """Count what a step was: a ring or its end, the first word, the end, a recording."""
        self._ring(before, after, fact)
        if is_consult(after):
            if before.outcome is None and after.outcome is not None:
                self._ended.labels(*self.of_queue(after), after.medium, after.outcome).inc()
            return
        reached = before.active_at is None and after.active_at is not None
        if reached and after.active_at is not None:
            waited = (after.active_at - after.requested_at).total_seconds()
            self._to_human.labels(*self.of_queue(after), after.medium).observe(waited)
        over = before.outcome is None and after.outcome is not None
        if over:
            self._ended.labels(*self.of_queue(after), after.medium, after.outcome or "").inc()
        if reached or (over and after.active_at is None and after.outcome is not Outcome.REFUSED):
            self._count_level(after)
        if before.recording is Recording.OFF and after.recording is Recording.ON:
            self._recordings.labels(*self.of_queue(after), "begun").inc()
        if after.recording_failure and not before.recording_failure:
            self._recordings.labels(*self.of_queue(after), "failed").inc()

    def _count_level(self, session: Session) -> None:
        row = HandoffRow(
            number=session.number,
            queue=session.queue,
            medium=session.medium,
            outcome=session.outcome,
            requested_at=session.requested_at,
            promise_at=session.promise_at,
            active_at=session.active_at,
            ended_at=session.ended_at,
        )
        counts = counted(row, self._rules)
        late = counts.answered - counts.answered_in_time, counts.abandoned - counts.abandoned_in_time
        results = {
            "answered_in_time": counts.answered_in_time,
            "answered_late": late[0],
            "abandoned_in_time": counts.abandoned_in_time,
            "abandoned_late": late[1],
            "abandoned_short": counts.abandoned_short,
            "expired": counts.expired,
        }
        for result, count in results.items():
            if count:
                self._level.labels(*self.of_queue(session), result).inc(count)

    def _ring(self, before: Session, after: Session, fact: Input) -> None:
        results: list[str] = []
        match fact:
            case OfferMade():
                results = ["made"]
            case OfferDeclined():
                results = ["declined"]
            case OfferLapsed():
                results = ["missed"] * len(rung_in(before, after, fact))
            case OfferWithdrawn():
                results = ["withdrawn"]
            case OperatorAccepted(operator_id=who) if who in rung(before):
                results = ["accepted", *["elsewhere"] * (len(rung(before)) - 1)]
            case OperatorAccepted() if not is_consult(after):
                self._picked.labels(*self.of_queue(after)).inc()
                results = ["elsewhere"] * len(rung(before))
            case _:
                pass
        for result in results:
            self._offers.labels(*self.of_queue(after), result).inc()

    @override
    def noticed(self, destination: str, result: NoticeResult) -> None:
        """Count a notice; those to single people count as their section's."""
        section = destination.partition(":")[0]
        self._notices.labels(section if section in self._destinations else OTHER, result).inc()

    def account(self, name: str) -> tuple[str, str]:
        """Return the labels of a channel account."""
        known = name in self._accounts
        return (self.organisation(self._accounts[name]), name) if known else (OTHER, OTHER)

    @override
    def channel_heard(self, account: str, kind: str) -> None:
        """Count an event of a platform."""
        self._heard.labels(*self.account(account), kind).inc()

    @override
    def channel_sent(self, account: str, result: str) -> None:
        """Count what became of a part."""
        self._sent.labels(*self.account(account), result).inc()

    @override
    def routed(self, seconds: float, offers: int) -> None:
        """Count a round of offers."""
        self._routing.observe(seconds)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is a path as the OpenAPI document writes it."""
        self._requests.labels(method, route, f"{status // 100}xx").observe(seconds)

    def committed(self, seconds: float) -> None:
        """Count a writing transaction; may be called in any thread."""
        self._commits.observe(seconds)

    def late(self, seconds: float) -> None:
        """Count how late the event loop was."""
        self._lag.observe(max(seconds, 0.0))
