"""Say who is on call and when: the sections [on_call.NAME]."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section


class PersonSettings(Section, frozen=True, kw_only=True):
    """Somebody on call, and where they are told."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    to: Annotated[tuple[str, ...], Meta(min_length=1, max_length=5)]
    call: Annotated[str, Meta(max_length=120)] = ""


class ShiftSettings(Section, frozen=True, kw_only=True):
    """A stretch of every week, and who has it."""

    hours: Annotated[str, Meta(min_length=1, max_length=60)]
    people: Annotated[tuple[str, ...], Meta(min_length=1, max_length=20)]


class LevelSettings(Section, frozen=True, kw_only=True):
    """One level of the escalation: a rotation or shifts."""

    after_minutes: Annotated[float, Meta(ge=0, le=1440)] = 0.0
    repeat_minutes: Annotated[float, Meta(ge=0, le=1440)] = 0.0
    rotation: tuple[str, ...] = ()
    every: Literal["day", "week"] = "week"
    starts: str = "2026-01-05 09:00"
    shifts: Annotated[tuple[ShiftSettings, ...], Meta(max_length=100)] = ()


class OverrideSettings(Section, frozen=True, kw_only=True):
    """Somebody who has a level for once."""

    people: Annotated[tuple[str, ...], Meta(min_length=1, max_length=20)]
    begin: str
    end: str
    level: Annotated[int, Meta(ge=1, le=10)] = 1


class OnCallSettings(Section, frozen=True, kw_only=True):
    """Who is on call: a section `[on_call.NAME]` each, told by `notify = ["on_call:NAME"]`; see docs/on-call.md."""

    time_zone: Annotated[
        str, Meta(min_length=1, max_length=64, description="Whose clock the times mean, such as Europe/Berlin.")
    ] = "UTC"
    people: Annotated[
        tuple[PersonSettings, ...],
        Meta(max_length=200, description='Who may be on call, and where they are told: {name = "Ann", to = ["sms"]}.'),
    ] = ()
    levels: Annotated[
        tuple[LevelSettings, ...],
        Meta(
            max_length=10,
            description="Who is told first, and who after so many minutes without an answer: rotation or shifts.",
        ),
    ] = ()
    overrides: Annotated[
        tuple[OverrideSettings, ...],
        Meta(max_length=200, description="Who has a level for once: {people, begin, end, level}."),
    ] = ()
