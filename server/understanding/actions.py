"""Recommend next steps by rules: from the kind of problem, what the customer would like, the topic and the facts.

The rules and their templates are TOML (`server/understanding/rules/actions.toml`, or an organisation's own file). No
free text decides anything here but which step is shown: pressing its key only writes a line into the composer.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from server.config_rules import ConfigError

MOST_ACTIONS: Final = 5
"""More do not fit beside their keys."""
_FIELD: Final = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_SHIPPED: Final = "actions.toml"


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all rules share: unknown names are refused."""


class Issue(Data, frozen=True, kw_only=True):
    """A kind of problem, and the words that show it."""

    name: str
    words: tuple[str, ...]


class ActionRule(Data, frozen=True, kw_only=True):
    """One step with when it fits."""

    id: str
    label: str
    say: str = ""
    issues: tuple[str, ...] = ()
    wishes: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    always: bool = False

    @property
    def needs(self) -> frozenset[str]:
        """Return the facts that its texts name."""
        return frozenset(_FIELD.findall(f"{self.label} {self.say}"))


class Rules(Data, frozen=True, kw_only=True):
    """A whole file of rules."""

    issue: tuple[Issue, ...] = ()
    action: tuple[ActionRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommended:
    """One step: its label, and what its key writes into the composer."""

    id: str
    label: str
    say: str


class Actions:
    """The rules, ready to be asked."""

    def __init__(self, rules: Rules) -> None:
        """Take checked rules."""
        self._rules: Final = rules

    @cached_property
    def _issues(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple((issue.name, _any_of(issue.words)) for issue in self._rules.issue if issue.words)

    def issues_in(self, said: Sequence[str]) -> tuple[str, ...]:
        """Return the kinds of problem that the customer's turns show, in the order of the rules."""
        text = "\n".join(said)
        return tuple(name for name, pattern in self._issues if pattern.search(text))

    def recommend(self, issues: Sequence[str], facts: Mapping[str, str], topic: str = "") -> tuple[Recommended, ...]:
        """Return what fits best, at most MOST_ACTIONS.

        Args:
            issues: As `issues_in` returns them.
            facts: Values by field; `preferred_resolution` is what the customer would like.
            topic: As the assistant or the topics' model named it.
        """
        scored: list[tuple[float, int, ActionRule]] = []
        for place, rule in enumerate(self._rules.action):
            score = self._score(rule, issues, facts, topic)
            if score > 0 and rule.needs <= facts.keys() and not any(name in facts for name in rule.missing):
                scored.append((-score, place, rule))
        chosen: dict[str, Recommended] = {}
        for _, _, rule in sorted(scored, key=lambda one: one[:2]):
            step = Recommended(rule.id, _filled(rule.label, facts), _filled(rule.say, facts))
            chosen.setdefault(step.label, step)
        return tuple(chosen.values())[:MOST_ACTIONS]

    @staticmethod
    def _score(rule: ActionRule, issues: Sequence[str], facts: Mapping[str, str], topic: str) -> float:
        score = 2.0 * any(issue in rule.issues for issue in issues)
        score += 3.0 * (facts.get("preferred_resolution") in rule.wishes)
        score += 1.0 * (bool(topic) and topic.lower().replace(" ", "_") in rule.topics)
        return score + 0.5 * bool(score and rule.needs) + 0.1 * rule.always


def read_actions(path: Path | None = None) -> Actions:
    """Return the rules of a file, or those that ship.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or names something unknown.
    """
    try:
        text = (
            path.read_text(encoding="utf-8")
            if path is not None
            else (files("server.understanding.rules") / _SHIPPED).read_text(encoding="utf-8")
        )
        rules = msgspec.convert(tomllib.loads(text), Rules)
    except OSError as error:
        raise ConfigError(f"[card] actions: {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ConfigError(f"[card] actions: {path or _SHIPPED}: {error}.") from error
    known = {issue.name for issue in rules.issue}
    for rule in rules.action:
        for issue in rule.issues:
            if issue not in known:
                raise ConfigError(f"[card] actions: step {rule.id} names the issue {issue!r}, which is not there.")
    return Actions(rules)


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    parts = (re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else r"\b") for word in words)
    return re.compile(rf"\b(?:{'|'.join(parts)})", re.IGNORECASE)


def _filled(template: str, facts: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda found: facts.get(found[1], found[0]), template)
