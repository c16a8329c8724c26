"""Say when a conversation needs a person, as it is written in the file that `[triggers] file` names, and checked."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from server.config_rules import ConfigError
from server.core.errors import CallerError
from server.understanding import expressions
from server.understanding.topics import Topic, shipped
from server.wire.requests import HouseRule

MOST_RULES: Final = 200
MaybeQueue = Annotated[str, Meta(max_length=64, pattern="^([a-z0-9][a-z0-9_-]*)?$")]
Priority = Annotated[int, Meta(ge=0, le=9)]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all triggers share: whether they are on, and where a conversation goes when they fire.

    Attributes:
        queue: Empty: the queue that would be taken anyway.
        priority: None: the priority that would be taken anyway.
    """

    enabled: bool = True
    queue: MaybeQueue = ""
    priority: Priority | None = None


class AsksForPerson(Part, frozen=True, kw_only=True):
    """The customer asks for a person, and means it."""

    threshold: Annotated[float, Meta(ge=0.05, le=1)] = 0.5


class Complexity(Part, frozen=True, kw_only=True):
    """The matter is more than the assistant can do: each count fires by itself; 0 switches it off.

    Attributes:
        steps: Steps that the assistant has asked the customer to take.
        repeats: Times that the customer says the same again.
        gaps: Times that the assistant says it does not know or cannot.
        rephrasings: Times that one of them says they were not understood.
    """

    steps: Annotated[int, Meta(ge=0, le=1000)] = 8
    repeats: Annotated[int, Meta(ge=0, le=1000)] = 2
    gaps: Annotated[int, Meta(ge=0, le=1000)] = 2
    rephrasings: Annotated[int, Meta(ge=0, le=1000)] = 2


class MoodFalls(Part, frozen=True, kw_only=True):
    """The customer's mood falls by `fall`, or is at `floor` or below; both on the scale from -1 to 1."""

    fall: Annotated[float, Meta(ge=0.1, le=2)] = 0.6
    floor: Annotated[float, Meta(ge=-1, le=0)] = -0.6


class TooLong(Part, frozen=True, kw_only=True):
    """One request takes too long: turns of the customer, or seconds since its first one; 0 switches a limit off."""

    turns: Annotated[int, Meta(ge=0, le=10_000)] = 20
    seconds: Annotated[float, Meta(ge=0, le=86_400)] = 900.0


class TriggerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All triggers. `topics` adds to those that ship; one of the same name replaces it."""

    asks_for_person: AsksForPerson = AsksForPerson()
    complexity: Complexity = Complexity()
    mood: MoodFalls = MoodFalls()
    too_long: TooLong = TooLong()
    topics: Annotated[tuple[Topic, ...], Meta(max_length=100)] = ()
    rules: Annotated[tuple[HouseRule, ...], Meta(max_length=MOST_RULES)] = ()

    def all_topics(self) -> tuple[Topic, ...]:
        """Return the topics that ship and those of the file."""
        own = {topic.name for topic in self.topics}
        return (*(topic for topic in shipped().topics if topic.name not in own), *self.topics)


def read_settings(path: Path) -> TriggerSettings:
    """Return the settings of a file.

    Raises:
        ConfigError: It can't be read, is not TOML, names something unknown, or holds a rule that can't be read.
    """
    try:
        return check_settings(msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), TriggerSettings))
    except OSError as error:
        raise ConfigError(f"The triggers' file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The triggers' file {path} is not TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"The triggers' file {path}: {error}.") from error
    except CallerError as error:
        raise ConfigError(f"The triggers' file {path}: {error.message} {error.hint}") from error


def check_settings(settings: TriggerSettings) -> TriggerSettings:
    """Return the settings, whose rules can all be read and whose names occur once.

    Raises:
        CallerError: `bad_rule`.
    """
    seen: set[str] = set()
    for rule in settings.rules:
        if rule.name in seen:
            raise CallerError("bad_rule", f"Two rules are called {rule.name}.", "Give each rule its own name.")
        seen.add(rule.name)
        parsed(rule.when)
    for topic in settings.topics:
        if len(topic.examples) < 3:
            raise CallerError(
                "bad_rule", f"The topic {topic.name} has too few examples.", "Give it 3, better 10, sentences."
            )
    return settings


@cache
def parsed(rule: str) -> expressions.Expression:
    """Return a rule, parsed once."""
    return expressions.parse(rule)
