"""Carry out what waits in one transaction: savepoint by savepoint, numbers last, one commit.

Before: `server.storage.writer` has a line and those who wait. After: it answers the done, tries the others again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from server.storage.ledger import number_events
from server.storage.line import Judged, Line, Verdict
from server.storage.member import Waiting
from server.storage.unit import SqlUnit


@dataclass(slots=True)
class Outcome:
    """What became of a group.

    Attributes:
        done: Those with an answer, which is now durable.
        again: Those that lost a race, with why; to be tried again alone.
        seqs: The newest event of each organisation that has new ones.
        broken: Why nothing was saved, when nothing was.
        ticket: By which the database can be asked whether a commit whose answer was lost took place after all.
    """

    done: list[Waiting] = field(default_factory=list[Waiting])
    again: list[tuple[Waiting, Judged]] = field(default_factory=list[tuple[Waiting, Judged]])
    seqs: dict[str, int] = field(default_factory=dict[str, int])
    broken: Judged | None = None
    ticket: str = ""


def carry_out(line: Line, unit: SqlUnit, members: Sequence[Waiting]) -> Outcome:
    """Do the members' work in one transaction that was begun, and commit it."""
    outcome = Outcome()
    try:
        for member in members:
            broken = _attempt(line, unit, member, outcome, alone=len(members) == 1)
            if broken is not None:
                return _lost(line, broken)
    except Exception as error:  # noqa: BLE001 - not swallowed: a failing savepoint is told to everybody in the group
        return _lost(line, line.judge(error))
    return _finish(line, members, outcome)


def read(line: Line, unit: SqlUnit, member: Waiting) -> Judged | None:
    """Do the work of one who only reads, in a transaction that was begun; return what went wrong, if anything."""
    judged = None
    try:
        member.attempt(unit)
    except Exception as error:  # noqa: BLE001 - not swallowed: it is told to whoever asked
        judged = line.judge(error)
        member.error = judged.error
    unit.ledger.take_told()
    unit.take_afterwards()
    _roll_back(line)
    return judged


def _attempt(line: Line, unit: SqlUnit, member: Waiting, outcome: Outcome, *, alone: bool) -> Judged | None:
    """Do one member's work; return why the whole group is lost, if it is."""
    if not alone:
        line.mark()
    try:
        member.attempt(unit)
    except Exception as error:  # noqa: BLE001 - not swallowed: it is told to whoever asked
        unit.ledger.take_told()
        unit.take_afterwards()
        judged = line.judge(error)
        if judged.verdict is Verdict.BROKEN:
            return judged
        if alone:
            line.rollback()
        else:
            line.undo()
        member.error = judged.error
        if judged.verdict is Verdict.AGAIN:
            outcome.again.append((member, judged))
            return None
    else:
        member.told = unit.ledger.take_told()
        member.afterwards = unit.take_afterwards()
    outcome.done.append(member)
    return None


def _finish(line: Line, members: Sequence[Waiting], outcome: Outcome) -> Outcome:
    """Number the events and commit."""
    saved = [member for member in outcome.done if member.error is None]
    if not saved:
        _roll_back(line)
        return outcome
    try:
        outcome.seqs = number_events(line, [event for member in saved for event in member.told])
        if outcome.seqs:
            line.announce(outcome.seqs)
        line.commit()
    except Exception as error:  # noqa: BLE001 - not swallowed: everybody in the group is told, or tried again
        return _undone(line, members, outcome, line.judge(error))
    return outcome


def _undone(line: Line, members: Sequence[Waiting], outcome: Outcome, judged: Judged) -> Outcome:
    """Return the outcome after the group's end failed: by the fault of one of many, each is tried again alone."""
    if judged.verdict is Verdict.BROKEN:
        outcome.broken, outcome.ticket = judged, line.ticket
        _roll_back(line)
        return outcome
    _roll_back(line)
    if judged.verdict is Verdict.OWN and len(members) == 1:
        members[0].error = judged.error
        return Outcome(done=list(members))
    return Outcome(again=[(member, judged) for member in members])


def _lost(line: Line, judged: Judged) -> Outcome:
    """Return the outcome of a group whose transaction was lost in the middle."""
    _roll_back(line)
    return Outcome(broken=replace(judged, verdict=Verdict.BROKEN))


def _roll_back(line: Line) -> None:
    """Undo the transaction; a line that cannot even do that is closed, and replaced by the next `begin`."""
    try:
        line.rollback()
    except Exception:  # noqa: BLE001 - the transaction is gone with its connection
        line.close()
