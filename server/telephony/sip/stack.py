"""Run baresip: one stack for all calls of this process, its traps avoided, its events turned into facts.

What was learned of it (0.5.2a3) is kept here and in `line`: the called number and the sender's address show only in
its trace; it takes RTP from anybody, so the kernel filters its sockets; `reject` is always 486; it accepts a REFER
before it asks, so each is refused at once by a NOTIFY with 603.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Final, Literal

from baresip import (
    Account,
    BaresipError,
    Call,
    Config,
    Event,
    RegistrationError,
    Runtime,
    StackEvent,
    TransferFailed,
    TransferRequest,
    UserAgent,
)

from server.broker.ports.sip import (
    MediaDoor,
    ReferOutcome,
    SipCall,
    SipFact,
    SipIncoming,
    SipRegistered,
    SipTransferAsked,
)
from server.log import get_log
from server.tasks import TaskRunner
from server.telephony.sip import trace
from server.telephony.sip.dialogues import Dialogues, Seen, TraceReader
from server.telephony.sip.leg import LegError
from server.telephony.sip.line import Line
from server.telephony.sip.settings import HEADERS, EngineSettings, TrunkSettings
from server.telephony.sip.source_filter import guard_listeners, networks
from server.telephony.sip.targets import request_uri
from server.wire.sanitize import clean_line

PUMP_SECONDS: Final = 0.01
TRACE_SECONDS: Final = 0.5
"""How long a call's own request may take to show in the trace."""
REGISTER_AGAIN_SECONDS: Final = 30.0
_TRANSPORTS: Final[tuple[Literal["udp", "tcp", "tls"], ...]] = ("udp", "tcp", "tls")
_SRTP: Final = {"off": "", "optional": "mediaenc=srtp", "required": "mediaenc=srtp-mand"}
_log = get_log(__name__)


class StackError(Exception):
    """The order can't be carried out; the sentence is for people."""


class Stack:
    """All calls of this process."""

    def __init__(self, settings: EngineSettings, tell: Callable[[SipFact], None], died: Callable[[], None]) -> None:
        """Run as `settings` say; facts go to `tell`, and `died` is called when the stack is beyond help."""
        self._settings: Final = settings
        self._tell: Final = tell
        self._died: Final = died
        self._loop: Final = asyncio.get_running_loop()
        self._runtime: Final = Runtime(watchdog_interval=5.0)
        self._runner: Final = TaskRunner()
        self._lines: Final[dict[str, Line]] = {}
        self._by_sip_id: Final[dict[str, Line]] = {}
        self._dialogues: Final = Dialogues()
        self._reader: TraceReader | None = None
        self._out: UserAgent | None = None
        self._trunk: TrunkSettings | None = settings.trunks[0] if settings.trunks else None
        self._pump_timer: asyncio.Handle | None = None

    @property
    def calls(self) -> tuple[SipCall, ...]:
        """The calls that live."""
        return tuple(
            SipCall(call_id=one.call_id, reference=one.reference, answered=one.answered)
            for one in self._lines.values()
            if not one.over
        )

    @property
    def ringing(self) -> tuple[SipIncoming, ...]:
        """The calls that wait for a broker's word."""
        return tuple(
            one.told for one in self._lines.values() if one.told is not None and not (one.reference or one.by_us)
        )

    async def start(self) -> None:
        """Listen, and register where told to.

        Raises:
            BaresipError: the port is taken, a file can't be read, or the stack refuses its settings.
            FilterError: the kernel takes no filter.
        """
        self._reader = TraceReader(self._on_trace)
        trace_log = logging.getLogger("baresip.native.sip")
        trace_log.setLevel(logging.DEBUG)
        trace_log.propagate = False
        trace_log.addHandler(self._reader)
        self._runtime.on_dead = self._died
        await self._runtime.start(self._config())
        settings = self._settings
        for port in (settings.port, settings.port + 1):
            if settings.allow:
                guard_listeners(port, networks(settings.allow))
        codecs = settings.codecs
        media = tuple(one for one in (_SRTP[settings.srtp],) if one)
        for transport in _TRANSPORTS if settings.tls_cert else _TRANSPORTS[:2]:
            # The stack shows a request only to accounts of its own transport, and answers 404 for the others.
            catch_all = Account(
                user="desk", domain=settings.host, password="", reg_interval=0, audio_codecs=codecs,
                transport=transport, extra_params=("catchall=yes", "video_codecs=none", *media),
            )  # fmt: skip
            self._listen_to(await UserAgent.create(self._runtime, catch_all))
        for trunk in settings.trunks:
            user_part = await UserAgent.create(self._runtime, _account(trunk, codecs, media))
            self._listen_to(user_part)
            if trunk is self._trunk:
                self._out = user_part
            if trunk.register:
                self._runner.start(f"register {trunk.name}", self._keep_registered(trunk, user_part))
        self._pump()

    async def stop(self) -> None:
        """Hang up on everybody and end the stack."""
        for one in list(self._lines.values()):
            await one.hang_up()
        await self._runner.stop()
        if self._pump_timer is not None:
            self._pump_timer.cancel()
        await self._runtime.close()

    async def answer(self, call_id: str, reference: str, door: MediaDoor) -> None:
        """Answer a call that rings here.

        One that is answered already, or gone, is left as it is.

        Raises:
            StackError: no audio, or the stack refuses; the call is declined then.
        """
        one = self._lines.get(call_id)
        if one is None or one.over or one.reference:
            return
        try:
            await one.answer(reference, door)
        except (LegError, BaresipError) as error:
            await one.hang_up()
            if not one.over:
                raise StackError(str(error)) from error

    async def hang_up(self, call_id: str) -> None:
        """End or decline a call; one that is gone stays so."""
        if (one := self._lines.get(call_id)) is not None:
            await one.hang_up()

    async def dial(self, to: str, reference: str, ring_seconds: float, door: MediaDoor) -> str:
        """Have it ring, and return the call's id.

        Raises:
            StackError: there is no trunk, `to` is no number, or the stack refuses.
        """
        if self._out is None or self._trunk is None:
            raise StackError("There is no trunk to dial through: add a [trunks.NAME] section.")
        early: list[StackEvent] = []
        self._runtime.subscribe(early.append)
        try:
            uri = request_uri(to, self._trunk.host, self._trunk.transport)
            call = await self._out.dial(uri)
        except (ValueError, BaresipError) as error:
            raise StackError(f"The call can't be placed: {error}.") from error
        finally:
            self._runtime.unsubscribe(early.append)
        one = self._new_line(call, inbound=False)
        one.expect(reference, door)
        for event in early:  # an answer may be faster than the stack's word that it has asked
            call._on_stack_event(event)  # pyright: ignore[reportPrivateUsage] - it takes only its own
        self._runner.start("sip_ring", self._give_up(one, ring_seconds))
        return one.call_id

    async def refer(self, call_id: str, target: str, seconds: float) -> ReferOutcome:
        """Ask the other side to call somebody else, and return what it reports.

        Raises:
            StackError: the call is not up, or `target` is no address.
        """
        one = self._found(call_id)
        host = self._trunk.host if self._trunk is not None else self._settings.host
        try:
            await one.call.transfer(f"<{request_uri(target, host)}>", timeout=seconds)
        except TransferFailed as error:
            return ReferOutcome(
                moved=False, status=error.status or 0, reason=clean_line(error.reason or str(error), 120)
            )
        except (ValueError, BaresipError) as error:
            raise StackError(f"The call can't be moved: {error}.") from error
        return ReferOutcome(moved=True, status=200)

    # --- within ----------------------------------------------------------------------------------------------------

    def _config(self) -> Config:
        settings = self._settings
        lines = [
            f"sip_listen {settings.host}:{settings.port}",
            f"rtp_ports {settings.rtp_ports[0]}-{settings.rtp_ports[1]}",
            "audio_jitter_buffer_type adaptive",
            "audio_jitter_buffer_ms 20-200",
        ]
        if settings.tls_cert:
            lines.append(f"sip_certificate {settings.tls_cert}")
        if settings.tls_ca:
            lines += [f"sip_cafile {settings.tls_ca}", "sip_verify_server yes"]
        return Config(
            net_interface=None if settings.host in {"0.0.0.0", "::"} else settings.host,  # noqa: S104 - compared only
            max_concurrent_calls=settings.max_calls,
            rtp_timeout=settings.silence_seconds,
            expose_headers=HEADERS,
            sip_trace=True,
            extra_config_text="\n".join(lines) + "\n",
        )

    def _listen_to(self, user_part: UserAgent) -> None:
        def incoming(call: Call) -> None:
            one = self._new_line(call, inbound=True)  # at once: the caller may have given up a moment later
            self._runner.start("sip_incoming", self._incoming(one))

        user_part.on_incoming(incoming)

    async def _incoming(self, one: Line) -> None:
        """Tell of a call once its request was seen in the trace."""
        call = one.call
        sip_id = call.call_id or ""
        until = self._loop.time() + TRACE_SECONDS
        while (seen := self._dialogues.find(sip_id)) is None and self._loop.time() < until and not one.over:  # noqa: ASYNC110 - seldom
            await asyncio.sleep(PUMP_SECONDS)
        if one.over:
            return
        shown = seen or Seen()
        caller = trace.party(call.headers.get("From", call.peer or ""))
        called = shown.target or trace.party(call.headers.get("To", "")).handle
        one.told = SipIncoming(
            call_id=one.call_id,
            caller=caller.handle,
            name=caller.name if caller.name != caller.handle else "",
            called=called,
            source=shown.peer,
            headers={name: clean_line(value, 400) for name, value in call.headers.items()},
        )
        self._tell(one.told)

    def _new_line(self, call: Call, *, inbound: bool) -> Line:
        settings = self._settings
        call_id = f"sip_{secrets.token_hex(12)}"
        one = Line(
            call, call_id, inbound=inbound, tell=self._tell, runner=self._runner, strict=settings.audio_from_sdp_only,
            hold=settings.signal_hold,
        )  # fmt: skip
        self._lines[call_id] = one

        def happened(event: StackEvent) -> None:
            self._on_event(one, event)

        def wants(asked: TransferRequest) -> None:
            self._runner.start("sip_refer_refused", self._refuse_transfer(one, asked.target))

        call.on(happened)
        call.on_transfer_request(wants)
        self._name(one)
        return one

    def _name(self, one: Line) -> None:
        """Find a line by its Call-ID as soon as the stack has said it."""
        sip_id = one.call.call_id
        if sip_id and sip_id not in self._by_sip_id:
            self._by_sip_id[sip_id] = one
            if (seen := self._dialogues.find(sip_id)) is not None:
                self._apply(one, seen)

    def _on_event(self, one: Line, event: StackEvent) -> None:
        self._name(one)
        match event.event:
            case Event.CALL_ESTABLISHED:
                one.established(self._loop.time())
            case Event.CALL_RINGING | Event.CALL_PROGRESS:
                one.rings()
            case Event.CALL_HOLD | Event.CALL_RESUME:
                one.held(on=event.event is Event.CALL_HOLD)
            case Event.CALL_CLOSED:
                self._closed(one, event.text or "")
            case _:
                pass

    def _closed(self, one: Line, text: str) -> None:
        head, _, rest = text.partition(" ")
        status = int(head) if len(head) == 3 and head.isdigit() else 0
        one.closed(rest if status else text, status)
        self._lines.pop(one.call_id, None)
        sip_id = one.call.call_id or ""
        self._by_sip_id.pop(sip_id, None)
        self._dialogues.forget(sip_id)

    def _on_trace(self, shown: trace.Traced) -> None:
        """Remember what a message shows, and let its call know."""
        seen = self._dialogues.take(shown, self._by_sip_id)
        if seen is not None and (one := self._by_sip_id.get(shown.sip_call_id)) is not None:
            self._apply(one, seen)

    @staticmethod
    def _apply(one: Line, seen: Seen) -> None:
        one.local_port = seen.local_port or one.local_port
        if seen.audio is not None:
            one.guard(seen.audio)

    async def _refuse_transfer(self, one: Line, target: str) -> None:
        """Never dial what a caller names: refuse, and tell the broker."""
        try:
            await one.call.reject_transfer(603)
        except BaresipError as error:
            _log.info("sip_refer_gone", error=str(error))
        self._tell(SipTransferAsked(call_id=one.call_id, reference=one.reference, target=clean_line(target, 200)))

    async def _give_up(self, one: Line, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if not one.over and not one.answered:
            one.timed_out = True
            await one.hang_up()

    async def _keep_registered(self, trunk: TrunkSettings, user_part: UserAgent) -> None:
        """Register until it works; the stack itself renews it. Tell each change."""
        told: str | None = None
        while True:
            reason = ""
            try:
                await user_part.register()
            except RegistrationError as error:
                reason = clean_line(f"{error.status or ''} {error.reason or error}".strip(), 120)
            except BaresipError as error:
                reason = clean_line(str(error), 120)
            if reason != told:
                self._tell(SipRegistered(trunk=trunk.name, ok=not reason, reason=reason))
                told = reason
            await asyncio.sleep(REGISTER_AGAIN_SECONDS if reason else trunk.register_seconds)

    def _found(self, call_id: str) -> Line:
        one = self._lines.get(call_id)
        if one is None or one.over:
            raise StackError("The call is over.")
        return one

    def _pump(self) -> None:
        self._pump_timer = self._loop.call_later(PUMP_SECONDS, self._pump)
        now = self._loop.time()
        for one in list(self._lines.values()):
            one.pump(now)


def _account(trunk: TrunkSettings, codecs: tuple[str, ...], media: tuple[str, ...]) -> Account:
    return Account(
        user=trunk.user,
        domain=trunk.host,
        password=trunk.password,
        auth_user=trunk.auth_user or None,
        registrar=trunk.proxy or None,
        reg_interval=trunk.register_seconds if trunk.register else 0,
        transport=trunk.transport,
        audio_codecs=codecs,
        extra_params=("video_codecs=none", *media),
    )
