"""Write the page that Prometheus reads: what was counted, with how things stand at this moment.

Before: `server.api.metrics` has let somebody in. After: a text in the format they asked for.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder

from server.broker.parts import Parts
from server.broker.ports.measures import ModelMeasures
from server.core.errors import HandoffError
from server.log import get_log
from server.metrics.counting import Counting
from server.metrics.standing import Families, gauges_of, model_families, stand_of, worker_families

_log = get_log(__name__)


class MetricsPage:
    """One broker's page."""

    def __init__(
        self,
        parts: Parts,
        registry: CollectorRegistry,
        counting: Counting,
        models: Callable[[], Sequence[ModelMeasures]],
    ) -> None:
        """Show what `counting` counts on `registry`, how the parts stand, and what was asked of models."""
        self._parts: Final = parts
        self._registry: Final = registry
        self._counting: Final = counting
        self._models: Final = models
        self._families: Final = Families()
        self._one_at_a_time: Final = asyncio.Lock()
        registry.register(self._families)
        ProcessCollector(registry=registry)

    async def write(self, accept: str) -> tuple[bytes, str]:
        """Return the page and its content type; where the store cannot be asked, without what it knows."""
        async with self._one_at_a_time:
            self._families.latest = [
                *await self._of_store(),
                *worker_families(await self._parts.media.measures()),
                *model_families(self._models()),
            ]
            encoder, content_type = choose_encoder(accept)
            return encoder(self._registry), content_type

    async def _of_store(self) -> list[Metric]:
        try:
            stand = await self._parts.database.read(lambda unit: stand_of(unit, self._parts))
        except HandoffError as error:
            _log.warning("metrics_without_store", code=error.code)
            return []
        return gauges_of(stand, self._counting)
