"""Read the queues' policies from the configuration; refuse what cannot work."""

import re
from datetime import date, time
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.broker.notice_orders import ON_CALL as PREFIX
from server.config import Settings
from server.config_callbacks import CallbackSettings
from server.config_queues import QueueSettings, StepSettings
from server.config_rules import ConfigError
from server.core import policy as core
from server.core.errors import HandoffError
from server.core.policy import Hours, Line, Opening, Policy, PolicyError, PolicyStep, When
from server.guard_of import guard_of

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS: Final = re.compile(r"(?P<first>[a-z]{3})(-(?P<last>[a-z]{3}))? +(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_KNOWN: Final = frozenset({"position", "wait", "waited_minutes"})
DEFAULT_QUEUE: Final = "default"


def lines_of(settings: Settings) -> dict[str, Line]:
    """Return every queue with its policy, checked as a whole.

    Raises:
        ConfigError: hours, time zones, days or steps that make no sense; a policy with a hole or a circle.
    """
    lines = {name: _line(name, settings, queue) for name, queue in settings.queues.items()}
    lines.setdefault(DEFAULT_QUEUE, Line(Policy(), settings.desk.wait_expires_seconds))
    try:
        core.check(lines, frozenset((*settings.notices, *(f"{PREFIX}{name}" for name in settings.on_call))))
    except PolicyError as error:
        raise ConfigError(str(error)) from error
    for name, queue in settings.queues.items():
        for destination in queue.outcome_to:
            if destination not in settings.notices:
                raise ConfigError(
                    f"[queues.{name}] outcome_to: there is no destination {destination!r}. Write a section "
                    f"[notices.{destination}]."
                )
    for name, line in lines.items():
        for step in line.policy.steps:
            if isinstance(step.action, core.CallOut):
                _check_callee(
                    f"[queues.{name}] policy: the step after {step.after_seconds:g} s", step.action.to, settings
                )
    return lines


def _check_callee(where: str, to: str, settings: Settings) -> None:
    """Refuse a step that calls somebody who may not be called, or a schedule on which nobody has a telephone."""
    numbers = [to]
    if to.startswith(PREFIX):
        name, _, level = to.removeprefix(PREFIX).partition("/")
        schedule = settings.on_call.get(name)
        if schedule is None or not (level or "1").isdigit():
            known = ", ".join(f"{PREFIX}{one}" for one in sorted(settings.on_call)) or "there is none yet"
            raise ConfigError(f"{where} calls {to!r}, and there is no such schedule ({known}).")
        if not 1 <= int(level or 1) <= len(schedule.levels):
            raise ConfigError(f"{where} calls level {level} of {name}, which has {len(schedule.levels)}.")
        numbers = [one.call for one in schedule.people if one.call]
        if not numbers:
            raise ConfigError(
                f'{where} calls {to!r}, where nobody has a telephone. Write call = "+49..." beside their names.'
            )
    for number in numbers:
        try:
            guard_of(settings).callee(number)
        except HandoffError as error:
            raise ConfigError(f"{where} calls {number}: {error.message} {error.hint}") from error


def _line(name: str, settings: Settings, queue: QueueSettings) -> Line:
    wait = queue.wait_expires_seconds
    steps = tuple(_step(name, step) for step in queue.policy)
    return Line(
        Policy(steps, hours_of(f"[queues.{name}]", queue)), settings.desk.wait_expires_seconds if wait is None else wait
    )


def _step(queue: str, step: StepSettings) -> PolicyStep:
    where = f"[queues.{queue}] policy: the step after {step.after_seconds:g} s"
    _check_placeholders(where, step)
    actions = _actions(step)
    if len(actions) != 1:
        raise ConfigError(
            f"{where} does {len(actions) or 'nothing'}: write one of tell, notify, transfer, callback = true, "
            "overflow, voicemail = true, expire = true."
        )
    return PolicyStep(step.after_seconds, actions[0], When(step.when))


def _check_placeholders(where: str, step: StepSettings) -> None:
    known = _KNOWN | {"to"} if step.transfer else _KNOWN
    unknown = sorted(set(_PLACEHOLDER.findall(step.tell)) - known)
    if unknown:
        there = ", ".join(f"{{{one}}}" for one in sorted(known))
        raise ConfigError(f"{where} tells {{{unknown[0]}}}, which nobody fills in. There are: {there}.")


def _actions(step: StepSettings) -> list[core.Action]:
    """Return what the step does: one thing, where it is written as it should be."""
    text = {"text": step.tell} if step.tell else {}
    rings, thinks = step.ring_seconds, step.confirm_seconds
    wanted: tuple[tuple[object, core.Action], ...] = (
        (step.transfer, core.CallOut(step.transfer, rings, thinks, destinations=step.notify, **text)),
        (step.callback, core.BookBack(**text)),
        (step.tell and not (step.transfer or step.callback), core.Tell(step.tell)),
        (step.notify and not step.transfer, core.Notify(step.notify, step.repeat_seconds)),
        (step.overflow, core.Overflow(step.overflow)),
        (step.voicemail, core.Voicemail()),
        (step.expire, core.Expire()),
    )
    return [action for given, action in wanted if given]


def hours_of(where: str, settings: QueueSettings | CallbackSettings) -> Hours | None:
    """Return the hours of a section; None where it is always open.

    Raises:
        ConfigError: hours, zone or days make no sense.
    """
    try:
        zone = ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"{where} time_zone: there is no zone {settings.time_zone!r}. Write one such as Europe/Berlin or UTC."
        ) from error
    try:
        holidays = frozenset(date.fromisoformat(day) for day in settings.holidays)
    except ValueError as error:
        raise ConfigError(f'{where} holidays: {error}. Write days such as "2027-01-01".') from error
    openings = tuple(_opening(where, text) for text in settings.hours)
    _check_overlaps(where, settings.hours, openings)
    return Hours(zone, openings, holidays) if openings else None


def _opening(where: str, text: str) -> Opening:
    refusal = ConfigError(f'{where} hours: {text!r} is not understood. Write days and times, "mon-fri 09:00-17:30".')
    found = _HOURS.fullmatch(text.strip().lower())
    if found is None:
        raise refusal
    first, last = found["first"], found["last"] or found["first"]
    try:
        begin, end = time.fromisoformat(found["begin"]), time.fromisoformat(found["end"].replace("24:00", "00:00"))
        low, high = _DAYS.index(first), _DAYS.index(last)
    except ValueError as error:
        raise refusal from error
    if end <= begin and end != time():
        raise ConfigError(
            f"{where} hours: {text!r} ends before it begins. For a night, write two: one up to 24:00, one from 00:00."
        )
    days = range(low, high + 1) if low <= high else (*range(low, 7), *range(high + 1))
    return Opening(frozenset(days), begin, end)


def _check_overlaps(where: str, texts: tuple[str, ...], openings: tuple[Opening, ...]) -> None:
    for index, one in enumerate(openings):
        for other_index, other in enumerate(openings[:index]):
            if one.days & other.days and one.begin < _end(other) and other.begin < _end(one):
                raise ConfigError(f"{where} hours: {texts[other_index]!r} and {texts[index]!r} overlap.")


def _end(opening: Opening) -> time:
    return time.max if opening.end == time() else opening.end
