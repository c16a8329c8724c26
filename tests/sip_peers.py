"""Be the other side of SIP calls in tests: sipp's scenarios, put together from steps.

Its session description names the UDP port of a `tests.sip_audio.Telephone`. Nothing here uses the stack that is tested.
"""

import asyncio
import contextlib
import secrets
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Self

from tests.sip_audio import EVENTS, even_port


def description(direction: str = "sendrecv") -> str:
    """Return a session description that names the telephone's port; `-key audio PORT` gives it."""
    return f"""v=0
o=tester 1 [cseq] IN IP4 [local_ip]
s=-
c=IN IP4 [audiohost]
t=0 0
m=audio [audio] RTP/AVP 0 {EVENTS}
a=rtpmap:0 PCMU/8000
a=rtpmap:{EVENTS} telephone-event/8000
a=fmtp:{EVENTS} 0-15
a={direction}
a=ptime:20"""


def request(method: str, cseq: int, *, body: str = "", extra: str = "", opening: bool = False, back: int = 0) -> str:
    """Return a `<send>` of a request of the calling side; it shares its branch with the step `back` before it."""
    branch = f"[branch-{back}]" if back else "[branch]"
    to = "<sip:[service]@[remote_ip]:[remote_port]>" + ("" if opening else "[peer_tag_param]")
    content = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}\n" if body else "Content-Length: 0\n\n"
    retrans = ' retrans="500"' if method != "ACK" else ""
    return f"""<send{retrans}><![CDATA[

{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}
Max-Forwards: 70
From: "Ada" <sip:[caller]@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: {to}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:[caller]@[local_ip]:[local_port];transport=[transport]>
{extra}{content}
]]></send>"""


def answer(code: str, *, optional: bool = False) -> str:
    """Return a `<recv>` of an answer."""
    return f'<recv response="{code}" optional="{str(optional).lower()}" rtd="true"/>'


def comes(method: str, reply: str = "200 OK", *, body: str = "", timeout: int = 60_000, opening: bool = False) -> str:
    """Return steps that wait for a request and answer it; `opening` gives a new call our tag."""
    tag = ";tag=[pid]u[call_number]" if opening else ""
    content = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}\n" if body else "Content-Length: 0\n\n"
    sending = f"""<send><![CDATA[

SIP/2.0 {reply}
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[caller]@[local_ip]:[local_port];transport=[transport]>
{content}
]]></send>"""
    return f'<recv request="{method}" timeout="{timeout}"/>' + (sending if reply else "")


def pause(milliseconds: int) -> str:
    """Return a pause."""
    return f'<pause milliseconds="{milliseconds}"/>'


def opening(*, body: str | None = None, extra: str = "") -> str:
    """Return the steps of a call that is answered."""
    return "\n".join(
        (
            request("INVITE", 1, body=description() if body is None else body, extra=extra, opening=True),
            answer("100", optional=True), answer("180", optional=True), answer("183", optional=True), answer("200"),
            request("ACK", 1),
        )
    )  # fmt: skip


def goodbye(cseq: int = 2) -> str:
    """Return the steps of hanging up."""
    return request("BYE", cseq) + answer("200")


def reply(status: str, *, body: str = "") -> str:
    """Return an answer of the called side to the request that came last."""
    return comes("INVITE", status, body=body, opening=True).partition("/>")[2]


def picks_up(*, leaves_after_ms: int = 0) -> str:
    """Return the steps of a telephone that rings and is answered, and hangs up by itself if told when."""
    ringing = comes("INVITE", "180 Ringing", opening=True) + pause(200)
    answered = ringing + reply("200 OK", body=description())
    if not leaves_after_ms:
        return answered + '<recv request="ACK"/>'
    find = '<ereg regexp="[^ ].*" search_in="hdr" header="{}:" assign_to="{}"/>'
    return f"""{answered}
<recv request="ACK"><action>{find.format("From", 1)}{find.format("To", 2)}</action></recv>
{pause(leaves_after_ms)}
<send retrans="500"><![CDATA[

BYE sip:desk@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: [$2]
To: [$1]
Call-ID: [call_id]
CSeq: 1 BYE
Content-Length: 0

]]></send>
<recv response="200"/>"""


def told(fragment: str, cseq: int) -> str:
    """Return the steps of a NOTIFY of the calling side on what became of a REFER."""
    body = f"SIP/2.0 {fragment}\n"
    more = "Event: refer\nSubscription-State: terminated;reason=noresource\n"
    notify = request("NOTIFY", cseq, body=body, extra=more).replace("application/sdp", "message/sipfrag")
    return notify + '<recv response="200"/>'


def scenario(*steps: str) -> str:
    """Return a whole scenario."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="test">\n' + "\n".join(steps) + "\n</scenario>\n"


class Sipp:
    """One sipp process."""

    def __init__(self, process: Process, folder: Path, name: str) -> None:
        self._process = process
        self._folder = folder
        self._name = name

    @classmethod
    async def run(
        cls, folder: Path, steps: str, port: int, *, audio: int = 6000, host: str = "127.0.0.1",
        service: str = "+15550199", caller: str = "+15550142", options: tuple[str, ...] = (),
        own_port: int = 0, calls: int = 1,
    ) -> Self:  # fmt: skip
        """Start a scenario against the engine's port; with `own_port` it waits for a call there."""
        name = secrets.token_hex(4)
        file = folder / f"{name}.xml"
        file.write_text(steps, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            "sipp", f"127.0.0.1:{port}", "-sf", str(file), "-i", host, "-p", str(own_port or even_port(host)),
            "-m", str(calls), "-s", service, "-key", "audio", str(audio), "-key", "audiohost", host,
            "-key", "caller", caller, "-nostdin", "-trace_err", "-error_file", str(folder / f"{name}.err"),
            "-trace_msg", "-message_file", str(folder / f"{name}.log"), "-timeout", "90", *options,
            stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        return cls(process, folder, name)

    @property
    def messages(self) -> str:
        """All that was sent and received so far."""
        with contextlib.suppress(FileNotFoundError):
            return (self._folder / f"{self._name}.log").read_text(encoding="utf-8", errors="replace")
        return ""

    async def ended(self, seconds: float = 60.0) -> None:
        """Return when the scenario went as written."""
        async with asyncio.timeout(seconds):
            out, err = await self._process.communicate()
        said = (err or out)[-600:].decode(errors="replace")
        assert self._process.returncode == 0, f"sipp ended with {self._process.returncode}: {said}\n{self.messages}"

    async def stop(self) -> None:
        """End it, wherever it is."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()
