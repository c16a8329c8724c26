"""Put together what is shown to Prometheus: who counts, who may read, and the page."""

import platform
from collections.abc import Callable, Sequence
from typing import Final

from litestar.handlers import HTTPRouteHandler
from prometheus_client import CollectorRegistry

from server.api.auth import sha256
from server.api.metrics import Reader, Timing, metrics_route
from server.broker.parts import Parts
from server.broker.ports.channels import Accounts
from server.broker.ports.measures import NO_MEASURES, Measures, ModelMeasures
from server.config import Config
from server.config_rules import ConfigError
from server.core.session import Rules
from server.metrics.counting import Counting
from server.metrics.loop_lag import LoopLag
from server.metrics.page import MetricsPage
from server.understanding.card import CardWriter
from server.understanding.llm import Llm
from server.wire.version import PROTOCOL, VERSION

SHORTEST_TOKEN: Final = 16


class Metrics:
    """The figures of one broker; nothing is counted where they are off."""

    def __init__(self, config: Config, rules: Rules, accounts: Accounts) -> None:
        """Count for these queues, destinations and accounts.

        Raises:
            ConfigError: the settings of [metrics] make no sense, or the token cannot be read.
        """
        self._reader: Final = _reader(config)
        self._registry: Final = CollectorRegistry(auto_describe=True)
        self._counting: Final = (
            None
            if config.settings.metrics.access == "off"
            else Counting(
                self._registry,
                rules,
                destinations=config.settings.notices,
                accounts={name: account.organisation_id for name, account in accounts.items()},
            )
        )
        if self._counting is not None:
            self._counting.build_info.labels(VERSION, PROTOCOL, platform.python_version()).set(1)
        self.lag: Final = None if self._counting is None else LoopLag(self._counting.late)

    @property
    def measures(self) -> Measures:
        """Who counts what the broker does."""
        return self._counting or NO_MEASURES

    @property
    def committed(self) -> Callable[[float], None] | None:
        """Who counts writing transactions."""
        return None if self._counting is None else self._counting.committed

    def route(self, parts: Parts, cards: CardWriter) -> HTTPRouteHandler:
        """Return GET /metrics."""
        if self._counting is None:
            return metrics_route(self._reader, _nothing)
        page = MetricsPage(parts, self._registry, self._counting, lambda: _of_model(cards))
        return metrics_route(self._reader, page.write)

    def timing(self, monotonic: Callable[[], float]) -> Timing | None:
        """Return what times requests."""
        return None if self._counting is None else Timing(self._counting.answered, monotonic)


async def _nothing(_accept: str) -> tuple[bytes, str]:
    return b"", "text/plain"


def _of_model(cards: CardWriter) -> Sequence[ModelMeasures]:
    if not isinstance(cards.model, Llm):
        return ()
    spent = cards.model.spent
    return (
        ModelMeasures(
            purpose="card",
            statuses=dict(spent.statuses),
            seconds=spent.seconds,
            tokens_in=spent.tokens_in,
            tokens_out=spent.tokens_out,
            cost=spent.cost,
        ),
    )


def _reader(config: Config) -> Reader:
    wanted = config.settings.metrics
    if wanted.access != "token":
        if wanted.token_file:
            raise ConfigError(f'[metrics] token_file does nothing with access = "{wanted.access}": write "token".')
        return Reader(wanted.access, behind_proxy=config.settings.server.behind_proxy)
    token = config.secret(wanted.token_file)
    if token is None:
        raise ConfigError('[metrics] access = "token" needs token_file: a file with the token that Prometheus sends.')
    if len(token.reveal()) < SHORTEST_TOKEN:
        raise ConfigError(f"[metrics] token_file: {SHORTEST_TOKEN} characters or more. Make one: openssl rand -hex 24")
    return Reader("token", sha256(token.reveal()))
