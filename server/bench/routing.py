"""Measure whom to ring: the decision alone as desks grow, a whole round with the store, and offers of a real broker.

The hard case: many operators are on duty and idle, many customers wait for a skill that none of them has, and one comes
whom exactly one operator can help.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import log2
from pathlib import Path
from statistics import median
from typing import Final

import httpx
import msgspec

from server.api.auth import DEFAULT_ORGANISATION, sha256
from server.bench.crowd import Crowd
from server.bench.figures import Figures, figures
from server.bench.process import Running, running_broker
from server.broker.assignment import Assignment
from server.broker.parts import NOTICES, Parts
from server.broker.ports.records import Conversation, Credential
from server.broker.ports.store import Unit
from server.clock import SystemClock
from server.core.candidates import Candidates
from server.core.errors import ProviderError
from server.core.presence import Operator
from server.core.routing import NO_FACTS, Case
from server.core.session import Rules, Session
from server.core.strategy import Strategy
from server.ids import new_id, new_secret
from server.media.loopback import LoopbackMedia
from server.storage.database import SqlDatabase
from server.storage.file_store import DiskFiles
from server.understanding.actions import read_actions
from server.understanding.card import CardWriter
from server.understanding.redactor import PolicyRedactor
from server.wire.skills import Skill
from server.wire.terms import (
    ConversationId,
    Medium,
    OperatorId,
    Presence,
    Role,
    SessionId,
    SessionKind,
    SessionState,
)
from server.wire.views import Context

SIZES: Final = ((100, 1_000), (200, 2_000), (350, 5_000), (500, 5_000), (500, 20_000))
"""Operators and waiting sessions of the growth table."""
NIGHT: Final = Skill(name="night", level=1)
"""What those who wait need, and nobody has."""
OFFER_SECONDS: Final = 30.0
_FAR: Final = timedelta(days=1)


class Growth(msgspec.Struct, frozen=True):
    """What one size took; `ratio` is the time against the first size's, divided by what n log n allows."""

    operators: int
    waiting: int
    decision_ms: float
    round_ms: float
    ratio: float


class RoutingReport(msgspec.Struct, frozen=True):
    """What `bench routing` prints; milliseconds of processor time for the decision, of the clock for offers."""

    growth: tuple[Growth, ...]
    offers: Figures | None = None
    right: int = 0


@dataclass
class Desk:
    """The people and the sessions of one size, as the core sees them."""

    operators: list[Operator]
    waiting: list[Session]
    at: datetime
    tokens: dict[OperatorId, str] = field(default_factory=dict[OperatorId, str])


def desk_of(operators: int, waiting: int, at: datetime) -> Desk:
    """Return a desk: each operator has a skill of their own, and everybody waits for one that nobody has."""
    people = [
        Operator(
            id=OperatorId(f"op_{number:04d}"),
            organisation_id=DEFAULT_ORGANISATION,
            name=f"Operator {number}",
            role=Role.OPERATOR,
            presence=Presence.AVAILABLE,
            since=at,
            idle_since=at - timedelta(seconds=(number * 7919) % 3600),
            connected=True,
            skills=(Skill(name=f"s{number:04d}", level=3), Skill(name="any", level=1)),
        )
        for number in range(operators)
    ]
    return Desk(people, [_session(number, at, (NIGHT,)) for number in range(waiting)], at)


def _session(number: int, at: datetime, skills: tuple[Skill, ...]) -> Session:
    return Session(
        id=SessionId(f"s_bench_{number:06d}"),
        organisation_id=DEFAULT_ORGANISATION,
        number=number + 1,
        conversation_id=ConversationId(f"c_bench_{number:06d}"),
        medium=Medium.CHAT,
        kind=SessionKind.TAKEOVER,
        state=SessionState.QUEUED,
        queue="default",
        priority=5,
        requested_at=at,
        queued_at=at + timedelta(milliseconds=number),
        waiting_since=at,
        promise_at=at + _FAR,
        wait_expires_at=at + _FAR,
        epoch=1,
        skills=skills,
    )


def decide(desk: Desk, wanted: Session, depth: int) -> OperatorId | None:
    """Decide one round in which `wanted` stands behind `depth` who wait, as `server.broker.assignment` does."""
    candidates = Candidates(desk.operators, {}, desk.at)
    found: OperatorId | None = None
    for session in (*desk.waiting[:depth], wanted):
        case = Case(session, session.skills, {}, desk.at)
        chosen = candidates.first(Strategy.LONGEST_IDLE, case, NO_FACTS)
        if chosen is not None:
            candidates.leave(chosen.id)
            found = chosen.id
    return found


def measure_decision(operators: int, waiting: int, trials: int) -> float:
    """Return the median processor time of a decision, in seconds."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    desk = desk_of(operators, waiting, at)
    times: list[float] = []
    for trial in range(trials):
        who = (trial * 37) % operators
        wanted = replace(_session(waiting, at, (Skill(name=f"s{who:04d}", level=2),)), priority=1)
        began = time.thread_time()
        chosen = decide(desk, wanted, depth=8 + 64)
        times.append(time.thread_time() - began)
        if chosen != desk.operators[who].id:
            raise ProviderError("wrong_operator", f"{chosen} was chosen, not {desk.operators[who].id}.")
    return median(times)


def fill(unit: Unit, desk: Desk) -> None:
    """Write people, tokens and waiting sessions."""
    unit.roster.add_organisation(DEFAULT_ORGANISATION, "default", desk.at)
    for number, operator in enumerate(desk.operators):
        unit.roster.insert(operator)
        token = f"op_bench_token_{number:04d}"
        desk.tokens[operator.id] = token
        unit.roster.add_credential(
            Credential(
                id=f"cr_{number:04d}",
                organisation_id=DEFAULT_ORGANISATION,
                kind="operator",
                subject_id=operator.id,
                name=operator.name,
                sha256=sha256(token),
                created_at=desk.at,
            )
        )
    for session in desk.waiting:
        unit.sessions.next_number(DEFAULT_ORGANISATION)
        unit.conversations.insert(
            Conversation(
                id=session.conversation_id,
                organisation_id=DEFAULT_ORGANISATION,
                key_id="k_bench",
                medium=Medium.CHAT,
                channel="api",
                customer_name="Waiting",
                customer_handle="",
                external_id="",
                created_at=desk.at,
                epoch=1,
                session_id=session.id,
            )
        )
        unit.sessions.insert(session, reason="bench", context=Context(summary="-"), deadline_at=session.wait_expires_at)


async def measure_round(folder: Path, operators: int, waiting: int, trials: int) -> float:
    """Return the median processor time of a round with the store: reading, deciding, no offer made; in seconds."""
    clock = SystemClock()
    database = SqlDatabase(f"sqlite:///{folder / f'round-{operators}-{waiting}.sqlite3'}", clock=clock)
    parts = Parts(
        database=database,
        media=LoopbackMedia(clock),
        files=DiskFiles(folder / "files"),
        clock=clock,
        rules=Rules(),
        new_id=new_id,
        new_secret=new_secret,
        redactor=PolicyRedactor(),
        cards=CardWriter(read_actions()),
        notices=NOTICES,
    )
    await database.open()
    try:
        desk = desk_of(operators, waiting, clock.now())
        await database.run(lambda unit: fill(unit, desk))
        assignment = Assignment(parts)
        times: list[float] = []

        def one(unit: Unit) -> None:
            began = time.thread_time()
            assignment.offer_waiting(unit, DEFAULT_ORGANISATION)
            times.append(time.thread_time() - began)

        for _ in range(trials):
            await database.run(one)
        return median(times)
    finally:
        await database.close()


async def bench_routing(
    folder: Path, *, operators: int, waiting: int, trials: int, offers: int, progress: Callable[[str], None]
) -> RoutingReport:
    """Return the growth of the decision, and how soon offers reach the right operator's console.

    Args:
        folder: For databases; empty.
        operators: On duty at the real broker.
        waiting: Sessions that wait there.
        trials: Decisions measured for each size.
        offers: Offers measured at the real broker; 0: none.
        progress: Is told what is being done.

    Raises:
        ProviderError: the broker does not start, or rings the wrong operator.
    """
    growth: list[Growth] = []
    for size in SIZES:
        progress(f"deciding: {size[0]} operators, {size[1]} waiting")
        decision = measure_decision(*size, trials)
        whole = await measure_round(folder, *size, trials=max(trials // 10, 3))
        growth.append(_grown(growth, size, decision, whole))
    if not offers:
        return RoutingReport(tuple(growth))
    times = await measure_offers(folder, operators, waiting, offers, progress)
    return RoutingReport(tuple(growth), figures(times), len(times))


def _grown(before: Sequence[Growth], size: tuple[int, int], decision: float, whole: float) -> Growth:
    count, waiting = size
    if not before:
        return Growth(count, waiting, round(decision * 1000, 3), round(whole * 1000, 2), 1.0)
    first = before[0]
    allowed = (count * log2(count)) / (first.operators * log2(first.operators))
    return Growth(
        count,
        waiting,
        round(decision * 1000, 3),
        round(whole * 1000, 2),
        round(decision * 1000 / first.decision_ms / allowed, 2),
    )


async def measure_offers(
    folder: Path, operators: int, waiting: int, offers: int, progress: Callable[[str], None]
) -> list[float]:
    """Return the seconds from a request's leaving to its ring at the console of the one operator it is for."""
    at = SystemClock().now()
    desk = desk_of(operators, waiting, at)

    async def prepare(data_dir: Path) -> None:
        database = SqlDatabase(f"sqlite:///{data_dir / 'operator.sqlite3'}")
        await database.open()
        try:
            await database.run(lambda unit: fill(unit, desk))
        finally:
            await database.close()

    settings = f'[desk]\nrouting = "longest_idle"\nwait_expires_seconds = {86_400.0}\n'
    async with running_broker(settings, prepare=prepare) as broker, AsyncExitStack() as stack:
        progress(f"{operators} consoles connect")
        crowd = Crowd(broker)
        stack.push_async_callback(crowd.close)
        await crowd.open({one.id: desk.tokens[one.id] for one in desk.operators})
        progress("measuring offers")
        return await _offers(broker, crowd, desk, offers)


async def _offers(broker: Running, crowd: Crowd, desk: Desk, offers: int) -> list[float]:
    headers = {"Authorization": f"Bearer {broker.key}"}
    operator = {"Authorization": f"Bearer {broker.operator}"}
    times: list[float] = []
    async with httpx.AsyncClient(base_url=broker.url, headers=headers, timeout=60) as client:
        for trial in range(offers):
            number = (trial * 37) % len(desk.operators)
            who, mark = desk.operators[number].id, f"bench ring {trial:05d}"
            made = await client.post("/v1/conversations", json={"medium": "chat", "customer_name": mark})
            path = f"/v1/conversations/{made.raise_for_status().json()['id']}"
            seen = crowd.look_for(who, mark)
            body = {"reason": "bench", "priority": 1, "skills": [{"name": f"s{number:04d}", "level": 2}]}
            began = time.monotonic()
            answer = (await client.post(f"{path}/handoffs", json=body)).raise_for_status()
            try:
                async with asyncio.timeout(OFFER_SECONDS):
                    times.append(await seen - began)
            except TimeoutError as error:
                raise ProviderError("no_offer", f"{who} was not rung for {answer.json()['number']}.") from error
            view = (await client.get(f"/v1/sessions/{answer.json()['id']}", headers=operator)).raise_for_status().json()
            if view["offered_to"] != who:
                raise ProviderError("wrong_operator", f"{view['offered_to']} was rung, not {who}.")
            (await client.post(f"{path}/end", json={"reason": "bench"})).raise_for_status()
    return times
