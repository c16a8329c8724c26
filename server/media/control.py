"""Command the media worker from the broker: `WorkerControl`, the `MediaControl` of real calls.

It finds the worker of its data directory or starts one, passes orders, and hands facts to the broker one at a time. A
worker that dies is replaced and told again what should be; the legs it took with it are reported as gone.
"""

import asyncio
from typing import Final

import msgspec

from server.broker.ports.measures import WorkerMeasures
from server.broker.ports.media import Admission, CallPlan, CallState, FactHandler, Keys
from server.clock import Clock, SystemClock
from server.core.errors import ProviderError
from server.log import get_log
from server.media.config import PATHS, WorkerConfig, WorkerConfigError
from server.media.control_link import ControlLink, LinkLostError, SupersededError, open_link
from server.media.control_messages import CONTROL_PROTOCOL, EndWorker, QueryMeasures, QueryState
from server.media.exits import EXIT_BAD_CONFIG, EXIT_CANNOT_LISTEN
from server.media.fact_delivery import FactDelivery
from server.media.wanted import Wanted
from server.side_process import exit_code, start
from server.tasks import TaskRunner
from server.wire.terms import CallPhase

START_SECONDS: Final = 15.0
"""How long a worker may take to be reachable."""
ORDER_SECONDS: Final = 5.0
"""How long an order may take, over a restart of the worker; then it is refused."""
MEASURES_SECONDS: Final = 1.0
"""How long is waited for what the worker has counted."""
END_SECONDS: Final = 5.0
"""How long a worker may take to end its calls and exit."""
_POLL_SECONDS: Final = 0.03

_log = get_log(__name__)


class WorkerControl:
    """The broker's hand on a media worker in a process of its own."""

    def __init__(self, config: WorkerConfig, clock: Clock | None = None) -> None:
        """Command the worker at `config.control_path`; nothing happens before `start`."""
        self._config: Final = config
        self._clock: Final = clock or SystemClock()
        self._tasks = TaskRunner(self._clock)
        self._wanted: Final = Wanted()
        self._delivery: FactDelivery | None = None
        self._first: asyncio.Future[tuple[CallState, ...]] | None = None
        self._link: ControlLink | None = None
        self._ready: Final = asyncio.Event()
        self._refused: ProviderError | None = None
        self._port = 0
        self._boot = ""
        self._pid: int | None = None

    async def start(self, handler: FactHandler) -> tuple[CallState, ...]:
        """Connect to the worker, starting one if none runs, and return the calls that live there already.

        Raises:
            ProviderError: no worker could be reached; `message` says why.
        """
        try:
            self._config.check()
        except WorkerConfigError as error:
            raise ProviderError("media_misconfigured", str(error), retryable=False) from error
        self._tasks, self._refused = TaskRunner(self._clock), None
        self._delivery = FactDelivery(handler, self._wanted)
        self._first = asyncio.get_running_loop().create_future()
        self._tasks.keep("media-control", self._serve)
        self._tasks.keep("media-facts", self._deliver)
        try:
            return await self._first
        except ProviderError:
            await self._tasks.stop()
            raise

    async def admit(self, admission: Admission) -> None:
        """Register a one-time token; returns when the worker knows it.

        Raises:
            ProviderError: the worker could not be told in time.
        """
        self._wanted.admission(admission, self._clock.monotonic())
        await self._order(admission)

    async def plan(self, plan: CallPlan) -> None:
        """Set what a call should be; returns when the worker has it.

        Raises:
            ProviderError: the worker could not be told in time; it will be as soon as it is back.
        """
        self._wanted.plan(plan)
        await self._order(plan)
        if plan.phase is CallPhase.ENDED:
            self._wanted.ended(plan)

    async def dial(self, keys: Keys) -> None:
        """Press keys on the caller's line; returns when the worker has them.

        Raises:
            ProviderError: the worker could not be told in time.
        """
        await self._order(keys)

    async def measures(self) -> WorkerMeasures | None:
        """Return what the worker has counted since it began; None when it does not say so in time."""
        link = self._link
        if link is None or not self._ready.is_set():
            return None
        try:
            async with asyncio.timeout(MEASURES_SECONDS):
                return (await link.ask(QueryMeasures())).measures
        except (LinkLostError, TimeoutError):
            return None

    def media_url(self, transport: str) -> str:
        """Return the address a leg of this transport ("console", "stream", "twilio") connects to.

        Raises:
            ProviderError: not started, or no such transport.
        """
        if transport not in PATHS:
            raise ProviderError("unknown_transport", f"There is no media transport {transport!r}.", retryable=False)
        if not self._port:
            raise ProviderError("media_unreachable", "The media worker has not been started.")
        return self._config.url(transport, self._port)

    async def stop(self, *, end_calls: bool) -> None:
        """Let go of the worker; with `end_calls` it ends them and exits, else it bridges on."""
        link = self._link
        if end_calls and link is not None and not link.lost.is_set():
            await self._end_worker(link)
        await self._tasks.stop()
        self._ready.clear()
        if self._link is not None:
            await self._link.close()
            self._link = None
        if self._pid is not None and exit_code(self._pid) is not None:
            self._pid = None

    async def _end_worker(self, link: ControlLink) -> None:
        """Tell the worker to end, and wait until its process is gone."""
        self._refused = ProviderError("media_unreachable", "The media worker is being stopped.", retryable=False)
        try:
            async with asyncio.timeout(END_SECONDS):
                await link.ask(EndWorker())
                await link.lost.wait()
                while self._pid is not None and exit_code(self._pid) is None:
                    await self._clock.sleep(_POLL_SECONDS)
        except (LinkLostError, TimeoutError):
            _log.warning("media_worker_slow_to_end")
        self._pid = None

    async def _order(self, body: Admission | CallPlan | Keys) -> None:
        """Give one order, if need be to the next worker."""
        try:
            async with asyncio.timeout(ORDER_SECONDS):
                while True:
                    if self._refused is not None:
                        raise self._refused
                    await self._ready.wait()
                    link = self._link
                    if link is None:
                        continue
                    try:
                        await link.ask(body)
                    except LinkLostError:
                        self._ready.clear()
                    else:
                        return
        except TimeoutError:
            raise ProviderError(
                "media_unreachable", "The media worker does not answer.", "Try again; see the log of the media worker."
            ) from None

    async def _serve(self) -> None:
        """Keep a worker at hand until stopped: attach, catch up, and again when it is lost."""
        while self._refused is None:
            try:
                link = await self._attach()
            except ProviderError as error:
                if not self._fail_start(error):
                    raise
                return
            self._link = link
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(link.read())
                    await self._catch_up(link)
            except* LinkLostError:
                _log.warning("media_worker_lost", pid=link.welcome.pid)
            except* SupersededError:
                self._refused = ProviderError(
                    "media_superseded", "Another broker commands the media worker.", retryable=False
                )
                _log.error("media_worker_taken_over")
                self._fail_start(self._refused)
            finally:
                self._ready.clear()
                await link.close()

    async def _attach(self) -> ControlLink:
        """Return a link to the worker of the data directory, starting one if none answers."""
        deadline = self._clock.monotonic() + START_SECONDS
        while self._clock.monotonic() < deadline:
            link = await open_link(self._config.control_path)
            if link is not None:
                if link.welcome.protocol != CONTROL_PROTOCOL:
                    await link.close()
                    raise ProviderError(
                        "media_worker_version",
                        f"A media worker of another version runs (process {link.welcome.pid}).",
                        "End its calls and stop that process, then start again.",
                        retryable=False,
                    )
                return link
            self._start_worker()
            await self._clock.sleep(_POLL_SECONDS)
        raise ProviderError(
            "media_unreachable", "The media worker did not come up.", f"See {self._config.control_path}.log."
        )

    def _start_worker(self) -> None:
        """Start a worker unless one that we started is still coming up."""
        if self._pid is not None:
            code = exit_code(self._pid)
            if code is None:
                return
            self._pid = None
            if code in {EXIT_BAD_CONFIG, EXIT_CANNOT_LISTEN}:
                raise ProviderError(
                    "media_listener_failed",
                    f"The media worker could not open its listener on {self._config.host}:{self._config.port}.",
                    f"See {self._config.control_path}.log; another process may hold the port.",
                )
        port = self._config.port or self._port
        try:
            settings = msgspec.json.encode(msgspec.structs.replace(self._config, port=port))
            self._pid = start("server.media.worker", self._config.control_path, settings)
        except OSError as error:
            raise ProviderError("media_unreachable", f"The media worker cannot be started: {error}.") from error

    async def _catch_up(self, link: ControlLink) -> None:
        """Tell the worker all that is wanted, learn what it has, and let orders through."""
        if self._boot and self._boot != link.welcome.boot and self._delivery is not None:
            self._delivery.lose(self._wanted.lost_legs())
        self._boot, self._port = link.welcome.boot, link.welcome.port
        for order in self._wanted.to_tell(self._clock.monotonic()):
            await link.ask(order)
        calls = (await link.ask(QueryState())).calls
        self._wanted.states(calls)
        self._ready.set()
        if self._first is not None and not self._first.done():
            self._first.set_result(calls)

    async def _deliver(self) -> None:
        """Hand facts to the broker, link after link; started again by the task runner when the broker raises."""
        while self._delivery is not None:
            await self._ready.wait()
            link = self._link
            if link is not None:
                await self._delivery.run(link)
            if self._link is link:
                self._ready.clear()

    def _fail_start(self, error: ProviderError) -> bool:
        """Let a `start` that still waits fail; False when none does."""
        if self._first is None or self._first.done():
            return False
        self._first.set_exception(error)
        return True
