"""Make the SIP engine that the configuration asks for."""

from dataclasses import replace
from pathlib import Path

from server.broker.parts import Parts
from server.broker.ports.carrier import Carriers
from server.broker.ports.sip import LinePolicy
from server.config import Config
from server.config_lines import TrunkSettings, address_of, resolved
from server.places import SIP_SOCKET
from server.telephony.sip.carrier import CHANNEL, SipCarrier
from server.telephony.sip.engine import ProcessSipEngine
from server.telephony.sip.settings import EngineSettings
from server.telephony.sip.settings import TrunkSettings as Trunk
from server.wire.terms import OrganisationId

ORGANISATION = "default"
"""Whose calls they are."""


def with_sip(parts: Parts, config: Config, control: Path) -> Parts:
    """Return the parts with the SIP engine that the configuration asks for, and with who dials over it.

    `control` is the media worker's socket; the engine's lies beside it.
    """
    sip = config.settings.sip
    if not sip.listen:
        return parts
    engine = ProcessSipEngine(engine_settings(config, str(control.with_name(SIP_SOCKET))), parts.clock)
    line = LinePolicy(organisation_id=OrganisationId(ORGANISATION), assistant=sip.assistant, queue=sip.queue)
    carriers = parts.carriers
    if sip.trunks:
        carriers = Carriers({**carriers.by_channel, CHANNEL: SipCarrier(engine)}, carriers.dial_with, carriers.mute)
    return replace(parts, sip=engine, line=line, carriers=carriers)


def engine_settings(config: Config, control_path: str) -> EngineSettings:
    """Return how the engine process of this installation runs."""
    sip = config.settings.sip
    host, port = address_of(sip)
    return EngineSettings(
        control_path=control_path,
        host=host,
        port=port,
        rtp_ports=(sip.rtp_first, sip.rtp_last),
        allow=tuple(one.strip() for one in sip.allow),
        audio_from_sdp_only=sip.audio_from == "sdp",
        trunks=tuple(_trunk(config, trunk) for trunk in sip.trunks),
        max_calls=sip.max_calls,
        codecs=tuple(sip.codecs),
        srtp=sip.srtp,
        tls_cert=resolved(config.folder, sip.tls_cert),
        tls_ca=resolved(config.folder, sip.tls_ca),
        silence_seconds=sip.silence_seconds,
        signal_hold=sip.hold == "signal",
        log_level=config.settings.log.level,
    )


def _trunk(config: Config, trunk: TrunkSettings) -> Trunk:
    secret = config.secret(trunk.password_file)
    return Trunk(
        name=trunk.name,
        host=trunk.host,
        user=trunk.user,
        auth_user=trunk.auth_user,
        password=secret.reveal() if secret is not None else "",
        proxy=trunk.proxy,
        register=trunk.register,
        register_seconds=trunk.register_seconds,
        transport=trunk.transport,
    )
