"""Say what happens to somebody who waits, second by second, until a person comes: the fallback policy of a queue.

A policy is one timeline. Each step has its second, counted from the moment the session began to wait in this queue, and
may hold only while nobody is on duty or while the queue is closed. Whatever the steps do, the wait ends: at an
`Expire`, or when the session's longest wait is over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from enum import StrEnum


class When(StrEnum):
    """The circumstances in which a step is carried out; looked at when its second has come."""

    ALWAYS = "always"
    NOBODY_ON_DUTY = "nobody_on_duty"
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Tell:
    """Say a line to the customer; `{position}` and `{waited_minutes}` are filled in."""

    text: str


@dataclass(frozen=True, slots=True)
class Notify:
    """Send a notice to these destinations, unless somebody has taken the session by then.

    With `repeat_seconds` it is sent again and again, until somebody takes the session or says that they see to it.
    """

    destinations: tuple[str, ...]
    repeat_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Overflow:
    """Let the session wait in another queue, at its place; that queue's timeline begins."""

    queue: str


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Let a caller leave a message; that ends the wait. Chats wait on."""


@dataclass(frozen=True, slots=True)
class Expire:
    """End the wait: the customer is told and goes back to the assistant."""


@dataclass(frozen=True, slots=True)
class CallOut:
    """Call somebody outside and bring the caller to them; whoever waits in a chat is passed over.

    Attributes:
        to: A name of the phonebook, a number, a SIP address, or `on_call:NAME` (and `/2` for its second level).
        ring_seconds: How long it rings at the most.
        confirm_seconds: How long the target may think before they take the call with key 1; 0: they are not asked.
        text: What the customer is told; `{to}` is who is called.
        destinations: Who gets a notice with it; the answer to one takes the call as the key does.
    """

    to: str
    ring_seconds: float = 30.0
    confirm_seconds: float = 20.0
    text: str = "I am calling {to} for you."
    destinations: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it takes at the most until it is known whether somebody comes."""
        return self.ring_seconds + self.confirm_seconds


@dataclass(frozen=True, slots=True)
class BookBack:
    """Let a caller whose number is known be called back: they keep their place, and go back to the assistant.

    Attributes:
        text: What they are told.
        offer: What whoever cannot be called is told (a chat, a hidden number); they wait on.
    """

    text: str = "We will call you back on the number you are calling from. You keep your place in the queue."
    offer: str = "We can call you back: tell me your telephone number. You keep your place in the queue."


Action = Tell | Notify | CallOut | BookBack | Overflow | Voicemail | Expire
"""What a step can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailRules:
    """How callers of a queue leave a message.

    Attributes:
        greeting: Path of a WAV that is played first; empty: the one that ships.
        longest_seconds: A message ends after so long.
        shortest_seconds: With less speech than this it is no message.
        silence_seconds: It ends when nothing has been said for so long.
        attempts: So many times the caller is asked.
    """

    greeting: str = ""
    longest_seconds: float = 180.0
    shortest_seconds: float = 1.0
    silence_seconds: float = 6.0
    attempts: int = 2

    @property
    def limit_seconds(self) -> float:
        """After so long without a word from the media worker nothing comes any more."""
        return 60.0 + self.attempts * (self.longest_seconds + 30.0)


DEFAULT_VOICEMAIL = VoicemailRules()
"""Of a queue that says nothing about it."""


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """One step: in which second, in which circumstances, what."""

    after_seconds: float
    action: Action
    when: When = When.ALWAYS

    def holds(self, *, on_duty: bool, is_open: bool) -> bool:
        """Tell whether the step is carried out in these circumstances."""
        match self.when:
            case When.ALWAYS:
                return True
            case When.NOBODY_ON_DUTY:
                return not on_duty
            case When.CLOSED:
                return not is_open
            case When.OPEN:
                return is_open


@dataclass(frozen=True, slots=True)
class Opening:
    """One stretch of a week: on these days (0 is Monday), from `begin` up to `end`; to midnight when `end` is 00:00."""

    days: frozenset[int]
    begin: time
    end: time


@dataclass(frozen=True, slots=True)
class Hours:
    """When a queue is open, by the clock on the wall of `zone`; without openings it always is."""

    zone: tzinfo
    openings: tuple[Opening, ...] = ()
    holidays: frozenset[date] = frozenset()

    def open_at(self, now: datetime) -> bool:
        """Tell whether the queue is open at this instant (aware)."""
        if not self.openings:
            return True
        local = now.astimezone(self.zone)
        if local.date() in self.holidays:
            return False
        clock = local.time()
        return any(
            local.weekday() in opening.days
            and opening.begin <= clock
            and (clock < opening.end or opening.end == time())
            for opening in self.openings
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """What a queue does with who waits: its steps, in order of their seconds, and its hours."""

    steps: tuple[PolicyStep, ...] = ()
    hours: Hours | None = None

    def open_at(self, now: datetime) -> bool:
        """Tell whether the queue is open at this instant."""
        return self.hours is None or self.hours.open_at(now)


NO_POLICY = Policy()
"""Nothing happens until the wait is over."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the check and the explanation read of one queue: its policy and its longest wait, in seconds."""

    policy: Policy
    wait_expires_seconds: float


class PolicyError(Exception):
    """A policy has a hole or cannot be carried out; the sentence shows the path."""


def check(lines: Mapping[str, Line], destinations: frozenset[str]) -> None:
    """Refuse policies that cannot be carried out as they are written.

    Raises:
        PolicyError: steps out of order or never reached, an unknown queue or destination, or a circle of overflows.
    """
    for queue, line in lines.items():
        _check_steps(queue, line)
        for step in line.policy.steps:
            _check_names(queue, step, frozenset(lines), destinations)
    for queue in lines:
        _check_circle(queue, lines)


def _check_steps(queue: str, line: Line) -> None:
    over: PolicyStep | None = None
    before = 0.0
    for step in line.policy.steps:
        if step.after_seconds < before:
            raise PolicyError(
                f"[queues.{queue}] policy: the step after {step.after_seconds:g} s stands below one after "
                f"{before:g} s. Write the steps in the order of their seconds."
            )
        if over is not None:
            raise PolicyError(
                f"[queues.{queue}] policy: the step after {step.after_seconds:g} s is never reached, because the one "
                f"after {over.after_seconds:g} s ends the wait in this queue. Take it out, or put it first."
            )
        if step.after_seconds >= line.wait_expires_seconds:
            raise PolicyError(
                f"[queues.{queue}] policy: the step after {step.after_seconds:g} s is never reached, because the wait "
                f"ends after {line.wait_expires_seconds:g} s. Raise wait_expires_seconds, or let the step come sooner."
            )
        _check_call(queue, step, line)
        before = step.after_seconds
        if step.when is When.ALWAYS and isinstance(step.action, Overflow | Expire):
            over = step


def _check_call(queue: str, step: PolicyStep, line: Line) -> None:
    """Refuse a step that would cut off a call of one before it, or be cut off by the end of the wait."""
    if isinstance(step.action, CallOut):
        over = step.after_seconds + step.action.seconds
        if over > line.wait_expires_seconds:
            raise PolicyError(
                f"[queues.{queue}] policy: the call of the step after {step.after_seconds:g} s may take until "
                f"{over:g} s, but the wait ends after {line.wait_expires_seconds:g} s. Raise wait_expires_seconds, "
                "let the step come sooner, or let it ring for less."
            )
    if isinstance(step.action, Tell | Notify):
        return
    for earlier in line.policy.steps:
        if earlier is step:
            return
        if not isinstance(earlier.action, CallOut) or not _may_both_hold(earlier.when, step.when):
            continue
        over = earlier.after_seconds + earlier.action.seconds
        if over > step.after_seconds:
            raise PolicyError(
                f"[queues.{queue}] policy: the step after {step.after_seconds:g} s would cut off the call of the one "
                f"after {earlier.after_seconds:g} s, which may take until {over:g} s. Let it come at {over:g} s, or "
                "let that one ring for less (ring_seconds, confirm_seconds)."
            )


def _may_both_hold(one: When, other: When) -> bool:
    return {one, other} != {When.OPEN, When.CLOSED}


def _check_names(queue: str, step: PolicyStep, queues: frozenset[str], destinations: frozenset[str]) -> None:
    match step.action:
        case Overflow(queue=target) if target not in queues:
            raise PolicyError(
                f"[queues.{queue}] policy: there is no queue {target!r} to overflow to. Write a section "
                f"[queues.{target}], or name one of: {', '.join(sorted(queues))}."
            )
        case Notify(destinations=named) | CallOut(destinations=named):
            for name in named:
                if name not in destinations:
                    known = ", ".join(sorted(destinations)) or "there is none yet"
                    raise PolicyError(
                        f"[queues.{queue}] policy: there is no destination {name!r} for notices. Write a section "
                        f"[notices.{name}] ({known})."
                    )
        case _:
            pass


def _check_circle(start: str, lines: Mapping[str, Line]) -> None:
    """Follow every overflow from `start`; a queue met twice means that the customer goes round in a circle."""

    def follow(path: Sequence[str]) -> None:
        for step in lines[path[-1]].policy.steps:
            if isinstance(step.action, Overflow):
                onward = (*path, step.action.queue)
                if step.action.queue in path:
                    raise PolicyError(
                        f"The policy goes round in a circle: {' → '.join(onward)}. Let one of these queues do "
                        "something else than overflow."
                    )
                follow(onward)

    follow((start,))


@dataclass(frozen=True, slots=True)
class Happening:
    """What happens in which second of the whole wait, and in which queue."""

    at_seconds: float
    queue: str
    action: Action


def explain(lines: Mapping[str, Line], queue: str, *, on_duty: bool, is_open: bool) -> tuple[Happening, ...]:
    """Return all that happens to somebody who begins to wait in `queue` and whom nobody takes, up to the end.

    The circumstances stay as they are for the whole wait. `lines` have passed `check`.
    """
    happenings: list[Happening] = []
    began, end = 0.0, lines[queue].wait_expires_seconds
    here: str | None = queue
    while here is not None:
        stretch = _until_it_leaves(lines[here].policy, began, end, here, on_duty=on_duty, is_open=is_open)
        happenings += stretch
        last = stretch[-1] if stretch else None
        if last is not None and isinstance(last.action, Expire):
            return tuple(happenings)
        queue, here = here, None
        if last is not None and isinstance(last.action, Overflow):
            began, queue = last.at_seconds, last.action.queue
            here = queue
    return (*happenings, Happening(end, queue, Expire()))


def _until_it_leaves(
    policy: Policy, began: float, end: float, queue: str, *, on_duty: bool, is_open: bool
) -> list[Happening]:
    """Return what happens in one queue, up to and with what ends the wait there."""
    stretch: list[Happening] = []
    for step in policy.steps:
        at = began + step.after_seconds
        if at >= end:
            break
        if step.holds(on_duty=on_duty, is_open=is_open):
            stretch.append(Happening(at, queue, step.action))
            if isinstance(step.action, Overflow | Expire):
                break
    return stretch
