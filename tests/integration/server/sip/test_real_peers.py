"""Calls with peers that nobody here wrote: Debian's baresip over TCP and TLS, Kamailio as registrar and in front."""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.broker.ports.sip import CallEnd, SipAnswered, SipEnded, SipIncoming, SipRegistered
from server.telephony.sip.settings import TrunkSettings
from tests import needs
from tests.media_clients import until
from tests.sip_audio import frames_of, sip_port
from tests.sip_baresip import Baresip
from tests.sip_peers import Sipp, answer, description, request, scenario
from tests.sip_switch import Switch, switch

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.sip_call]

EXAMPLE = Path(__file__).parents[4] / "docs" / "carriers" / "kamailio.cfg"
REGISTRAR = """#!KAMAILIO
listen=udp:127.0.0.1:{port}
children=2
log_stderror=yes
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("rr", "enable_full_lr", 1)
request_route {{
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("127.0.0.1", "two words", "0")) {{ auth_challenge("127.0.0.1", "0"); exit; }}
        save("location");
        exit;
    }}
    if (has_totag()) {{ loose_route(); t_relay(); exit; }}
    if (is_method("CANCEL")) {{ t_relay(); exit; }}
    record_route();
    if (!lookup("location")) {{ sl_send_reply("404", "Not registered"); exit; }}
    t_relay();
}}
"""


def certificate(folder: Path, name: str) -> str:
    """Return a file with a certificate for 127.0.0.1, signed by itself, and its key."""
    key, cert, both = (folder / f"{name}.{end}" for end in ("key", "crt", "pem"))
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    both.write_text(cert.read_text() + key.read_text())
    return str(both)


@contextlib.asynccontextmanager
async def kamailio(folder: Path, text: str, port: int) -> AsyncIterator[None]:
    """Run Kamailio with this configuration, which listens on `port`."""
    config = folder / "kamailio.cfg"
    config.write_text(text)
    process = await asyncio.create_subprocess_exec(
        "kamailio", "-f", str(config), "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(folder),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        await until(lambda: process.returncode is not None or taken(port), "Kamailio listens")
        assert process.returncode is None
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def taken(port: int) -> bool:
    """Tell whether somebody listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


async def both_hear_each_other(desk: Switch, caller: Baresip) -> None:
    """Answer, let both speak, hang up, and look at what the telephone wrote down."""
    call = await desk.incoming()
    await desk.answer(call)
    ai = await desk.assistant()
    ai.speak(880)
    await ai.hears(440)
    await until(lambda: frames_of(caller.heard, 880) > 20, "the telephone hears us")
    await desk.engine.hang_up(call.call_id)
    assert (await desk.ended()).by_us


@needs.baresip
async def test_a_telephone_calls_over_tcp(tmp_path: Path) -> None:
    async with switch(tmp_path) as desk:
        there = f"sip:desk@127.0.0.1:{desk.port};transport=tcp"
        async with telephone(tmp_path / "ada", transport="tcp", dial=there) as ada:
            await both_hear_each_other(desk, ada)


@needs.baresip
@needs.openssl
async def test_a_telephone_calls_over_tls_and_its_audio_must_be_encrypted(tmp_path: Path) -> None:
    ours = certificate(tmp_path, "ours")
    async with switch(tmp_path, tls_cert=ours, srtp="required") as desk:
        there = f"sip:desk@127.0.0.1:{desk.port + 1};transport=tls"
        async with telephone(tmp_path / "bob", transport="tls", cafile=ours, dial=there) as bob:
            await until(lambda: "488 Not Acceptable" in bob.log, "clear audio is refused")
        secret = telephone(
            tmp_path / "ada", transport="tls", cafile=ours, dial=there, account="mediaenc=srtp-mand"
        )  # fmt: skip
        async with secret as ada:
            await both_hear_each_other(desk, ada)
        assert len([one for one in desk.facts if isinstance(one, SipIncoming)]) == 1


@needs.baresip
@needs.openssl
async def test_we_call_over_tls_and_only_who_has_a_certificate_we_trust(tmp_path: Path) -> None:
    theirs, other = certificate(tmp_path, "theirs"), certificate(tmp_path, "other")
    port = sip_port()
    trunk = TrunkSettings(name="main", host=f"127.0.0.1:{port + 1}", user="desk", transport="tls")
    (tmp_path / "trusting").mkdir()
    (tmp_path / "wary").mkdir()
    rings = telephone(
        tmp_path / "bob", port=port, transport="tls", certificate=theirs, user="bob",
        account="answermode=auto;mediaenc=srtp",
    )  # fmt: skip
    async with rings as bob:
        async with switch(tmp_path / "trusting", trunks=(trunk,), tls_ca=theirs, srtp="optional") as desk:
            call_id = await desk.engine.dial("bob", "c-1", 20, await desk.door("c-1"))
            await desk.first(SipAnswered)
            ai = await desk.assistant()
            ai.speak(880)
            await ai.hears(440)
            await until(lambda: frames_of(bob.heard, 880) > 20, "the telephone hears us")
            await desk.engine.hang_up(call_id)
            await desk.ended()
        async with switch(tmp_path / "wary", trunks=(trunk,), tls_ca=other) as desk:
            await desk.engine.dial("bob", "c-1", 20, await desk.door("c-1"))
            assert (await desk.ended()).end is CallEnd.FAILED


@needs.baresip
async def test_a_telephone_is_sent_on_to_another_and_both_talk_without_us(tmp_path: Path) -> None:
    port = sip_port()
    bob = telephone(tmp_path / "bob", port=port, hertz=1_500, user="bob", account="answermode=auto")
    async with (
        switch(tmp_path) as desk, bob as target,
        telephone(tmp_path / "ada", dial=f"sip:desk@127.0.0.1:{desk.port}") as ada,
    ):  # fmt: skip
        call = await desk.incoming()
        await desk.answer(call)
        ai = await desk.assistant()
        await ai.hears(440)
        assert (await desk.engine.refer(call.call_id, f"sip:bob@127.0.0.1:{port}", 30)).moved
        await desk.ended()
        await until(lambda: frames_of(ada.heard, 1_500) > 20, "the caller hears the target")
        await until(lambda: frames_of(target.heard, 440) > 20, "the target hears the caller")


@needs.baresip
@needs.kamailio
async def test_we_register_with_a_password_and_are_called_there(tmp_path: Path) -> None:
    port = sip_port()
    trunk = TrunkSettings(name="main", host=f"127.0.0.1:{port}", user="desk", password="two words", register=True)
    wrong = TrunkSettings(name="wrong", host=f"127.0.0.1:{port}", user="desk", password="guess", register=True)
    async with kamailio(tmp_path, REGISTRAR.format(port=port), port), switch(tmp_path, trunks=(trunk, wrong)) as desk:

        def said() -> dict[str, SipRegistered]:
            return {one.trunk: one for one in desk.facts if isinstance(one, SipRegistered)}

        await until(lambda: len(said()) == 2, "the registrar has answered both")
        assert said()["main"] == SipRegistered(trunk="main", ok=True)
        assert (said()["wrong"].ok, said()["wrong"].reason[:3]) == (False, "401")
        async with telephone(tmp_path / "ada", dial=f"sip:desk@127.0.0.1:{port}") as ada:
            await both_hear_each_other(desk, ada)


@needs.kamailio
async def test_the_example_of_a_proxy_in_front_lets_its_provider_in_and_says_who_it_was(tmp_path: Path) -> None:
    port = sip_port()
    async with switch(tmp_path) as desk:
        text = EXAMPLE.read_text()
        for mine, set_to in (
            ("listen=udp:127.0.0.1:5060", f"listen=udp:127.0.0.1:{port}"),
            ("203.0.113.0/24", "127.0.0.1/32"),
            ("sip:127.0.0.1:5070", f"sip:127.0.0.1:{desk.port}"),
        ):
            assert text.count(mine) == 1
            text = text.replace(mine, set_to)
        checked = tmp_path / "checked.cfg"
        checked.write_text(text)
        assert subprocess.run(["kamailio", "-c", "-f", str(checked)], capture_output=True, check=False).returncode == 0
        async with kamailio(tmp_path, text, port):
            invite = request(
                "INVITE", 1, body=description(), opening=True, extra="X-Source-IP: 203.0.113.77\n"
            )  # fmt: skip
            declined = (answer("100", optional=True), answer("180", optional=True), answer("486"), request("ACK", 1))
            friend = await Sipp.run(tmp_path, scenario(invite, *declined), port)
            desk.peers.append(friend)
            call = await desk.incoming()
            assert call.headers["X-Source-IP"] == "127.0.0.1"
            await desk.engine.refuse(call.call_id)
            await friend.ended()
            knock = request("INVITE", 1, body=description(), opening=True)
            for host, steps in (
                ("127.0.0.66", (knock, answer("403"), request("ACK", 1))),
                ("127.0.0.1", (knock.replace("Max-Forwards: 70", "Max-Forwards: 0"), answer("483"), request("ACK", 1))),
            ):
                stranger = await Sipp.run(tmp_path, scenario(*steps), port, host=host)
                desk.peers.append(stranger)
                await stranger.ended()
        assert len([one for one in desk.facts if isinstance(one, SipIncoming)]) == 1
        assert not [one for one in desk.facts if isinstance(one, SipEnded) and one.call_id != call.call_id]


@contextlib.asynccontextmanager
async def telephone(folder: Path, *, port: int = 0, hertz: float = 440.0, **settings: str) -> AsyncIterator[Baresip]:
    """Run a baresip."""
    phone = await Baresip.run(folder, port or sip_port(), hertz=hertz, **settings)
    try:
        yield phone
    finally:
        await phone.stop()
