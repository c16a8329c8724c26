"""Read from the configuration how queues choose whom to ring; refuse what cannot work."""

import re
from typing import Final

from server.broker.ports.router import Router
from server.clock import Clock
from server.config import Config
from server.config_desk import DeskSettings
from server.config_queues import QueueSettings
from server.config_rules import ConfigError
from server.core.strategy import Routing, Strategy, Widening
from server.notices.signed_post import SignedPost, check_url
from server.routers.http import HttpRouter
from server.wire.skills import Skill

_SKILL: Final = re.compile(r"(?P<name>[a-z0-9][a-z0-9_-]{0,39})(?: +(?P<level>[1-9]))?")


def routing_of(desk: DeskSettings, name: str = "", queue: QueueSettings | None = None) -> Routing:
    """Return how a queue (or, without one, the desk) rings.

    Raises:
        ConfigError: a skill or its easing makes no sense, or a rule of the house has no address.
    """
    if queue is None:
        return Routing(Strategy(desk.routing))
    strategy = Strategy(queue.routing or desk.routing)
    if (strategy is Strategy.HTTP) != bool(queue.router_url):
        raise ConfigError(f'[queues.{name}] routing = "http" and router_url go together: write both, or none.')
    skills = tuple(_skill(f"[queues.{name}] skills", text) for text in queue.skills)
    widen = tuple(Widening(one.after_seconds, one.lower_by) for one in queue.widen)
    before = Widening(-1.0, 0)
    for one in widen:
        if one.after_seconds <= before.after_seconds or one.lower_by <= before.lower_by:
            raise ConfigError(f"[queues.{name}] widen: write the steps in order, each later and lower than the last.")
        before = one
    return Routing(strategy, skills, widen, queue.ring_more_seconds)


def routers_of(config: Config, clock: Clock) -> dict[str, Router]:
    """Return the rules of the house, by queue.

    Raises:
        ConfigError: an address or a secret is missing or makes no sense.
    """
    routers: dict[str, Router] = {}
    for name, queue in config.settings.queues.items():
        if queue.router_url:
            routers[name] = _router(config, name, queue, clock)
    return routers


def _router(config: Config, name: str, queue: QueueSettings, clock: Clock) -> Router:
    wrong = check_url(queue.router_url, allow_private=queue.router_allow_private)
    if wrong:
        raise ConfigError(f"[queues.{name}] router_url: {wrong}.")
    secret = config.secret(queue.router_secret_file)
    if secret is None:
        raise ConfigError(f"[queues.{name}] router_secret_file is missing: without it nobody can tell who asks.")
    try:
        post = SignedPost(queue.router_url, secret, clock, allow_private=queue.router_allow_private)
    except ValueError as error:
        raise ConfigError(f"[queues.{name}] router_secret_file: {error}.") from error
    return HttpRouter(post, clock, timeout_seconds=queue.router_timeout_ms / 1000)


def _skill(where: str, text: str) -> Skill:
    found = _SKILL.fullmatch(text.strip().lower())
    if found is None:
        raise ConfigError(f'{where}: {text!r} is not understood. Write a name and a level from 1 to 9, "billing 3".')
    return Skill(name=found["name"], level=int(found["level"] or 1))
