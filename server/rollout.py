"""Hold a configuration against what a buyer should have promised before customers come: the roll-out checklist.

A promise is met, or unmet (nothing keeps it), or vague (something is set that names nobody or no time). Each names the
setting, and the command or test that proves that the program keeps its part.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from server.config import Config
from server.config_queues import QueueSettings, StepSettings
from server.policies import DEFAULT_QUEUE


class State(StrEnum):
    """Whether a promise is kept."""

    MET = "met"
    VAGUE = "vague"
    UNMET = "unmet"


class Promise(msgspec.Struct, frozen=True):
    """One promise: what it says, where it is set, how it stands, what would mend it, and what proves it."""

    name: str
    promise: str
    setting: str
    state: State
    found: str
    mend: str
    proof: str


REACH: Final = "tests/scenario/test_policies.py"


def promises(config: Config) -> list[Promise]:
    """Return every promise, queue by queue, then those of the installation."""
    settings = config.settings
    found: list[Promise] = []
    for name in sorted({DEFAULT_QUEUE, *settings.queues}):
        found += _of_queue(name, settings.queues.get(name, QueueSettings()), config)
    return [*found, *_of_installation(config)]


def _of_queue(name: str, queue: QueueSettings, config: Config) -> Iterator[Promise]:
    where = f"[queues.{name}]"
    last = queue.policy[-1].after_seconds if queue.policy else 0
    explain = f"operator-server policy explain {name}"
    yield Promise(
        f"{name}: fallback",
        "what happens to a customer nobody takes is decided, second by second",
        f"{where} policy",
        State.MET if queue.policy else State.UNMET,
        f"{len(queue.policy)} steps, the last after {last:g} s" if queue.policy else "only the wait's end",
        "write the steps: docs/policy.md",
        explain,
    )
    told = [step for step in queue.policy if step.notify]
    yield Promise(
        f"{name}: somebody is told",
        "a waiting customer reaches a person who has no console open, and it is said again until somebody comes",
        f"{where} policy notify, repeat_seconds",
        _told(told),
        ", ".join(sorted({to for step in told for to in step.notify})) or "nobody",
        "add a step with notify and repeat_seconds",
        "tests/scenario/test_notices_answered.py",
    )
    yield Promise(
        f"{name}: nobody on duty",
        "with nobody on duty a customer does not wait as if somebody were",
        f"{where} policy when",
        State.MET if any(step.when in {"nobody_on_duty", "closed"} for step in queue.policy) else State.UNMET,
        _whens(queue.policy),
        'add a step with when = "nobody_on_duty"',
        explain,
    )
    own = queue.promise_seconds
    yield Promise(
        f"{name}: promise",
        "customers are promised a time, and the service level counts by it",
        f"{where} promise_seconds",
        State.MET if own is not None else State.VAGUE,
        f"{own if own is not None else config.desk.promise_seconds:g} s" + ("" if own is not None else ", by default"),
        "set promise_seconds for this queue",
        "operator-server report",
    )
    yield Promise(
        f"{name}: outcome",
        "the owner learns how each handoff ended",
        f"{where} outcome_to",
        State.MET if queue.outcome_to else State.UNMET,
        ", ".join(queue.outcome_to) or "nobody",
        "name a destination in outcome_to",
        "tests/scenario/test_outcome_notices.py",
    )


def _told(steps: list[StepSettings]) -> State:
    if not steps:
        return State.UNMET
    return State.MET if any(step.repeat_seconds for step in steps) else State.VAGUE


def _whens(steps: tuple[StepSettings, ...]) -> str:
    return ", ".join(sorted({step.when for step in steps})) or "no steps"


def _of_installation(config: Config) -> Iterator[Promise]:
    settings = config.settings
    alone = sorted(name for name, one in settings.notices.items() if not one.fallback)
    with_fallback = sorted(name for name, one in settings.notices.items() if one.fallback)
    yield Promise(
        "notices: a second way",
        "a notice gets through when its provider is down",
        "[notices.NAME] fallback",
        State.MET if with_fallback else State.UNMET if not settings.notices else State.VAGUE,
        f"with a fallback: {', '.join(with_fallback) or 'none'}; without: {', '.join(alone) or 'none'}",
        "let each first destination name a fallback of another provider",
        "tests/scenario/test_notices_in_time.py",
    )
    yield Promise(
        "on call",
        "it is known who is called, and who after them",
        "[on_call.NAME]",
        State.MET if settings.on_call else State.UNMET,
        ", ".join(sorted(settings.on_call)) or "nobody",
        "write a schedule: docs/on-call.md",
        "operator-server on-call show",
    )
    days = settings.privacy.keep_conversations_days
    yield Promise(
        "retention",
        "what customers said is not kept for ever",
        "[privacy] keep_conversations_days",
        State.MET if days else State.UNMET,
        f"{days} days" if days else "kept for ever",
        "set keep_conversations_days",
        "tests/scenario/test_privacy.py",
    )
    unasked = sorted(name for name, one in settings.queues.items() if one.record and one.record_consent != "required")
    yield Promise(
        "consent",
        "no call is recorded without the customer's word",
        "[queues.NAME] record_consent",
        State.VAGUE if unasked else State.MET,
        f"recorded unasked: {', '.join(unasked)}" if unasked else "none is",
        'set record_consent = "required", or have your lawyer\'s word that it need not be',
        "tests/unit/server/core/test_recording.py",
    )
    open_ = not (settings.server.tls_cert or settings.server.behind_proxy)
    yield Promise(
        "encryption",
        "consoles and assistants reach the broker over TLS, or from its own machine",
        "[server] tls_cert or behind_proxy",
        State.VAGUE if open_ else State.MET,
        "this machine alone, in the clear" if open_ else "TLS",
        "set tls_cert and tls_key, or put a proxy in front",
        "tests/unit/server/test_config.py",
    )
    watched = settings.metrics.access
    yield Promise(
        "watched",
        "somebody is alarmed when customers wait and nobody comes",
        "[metrics] access",
        State.MET if watched == "token" else State.VAGUE if watched == "loopback" else State.UNMET,
        watched,
        'set access = "token" and load examples/prometheus/desk-alerts.yml',
        "tests/unit/server/metrics/test_queries.py",
    )
