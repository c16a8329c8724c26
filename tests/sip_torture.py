"""Messages that are hard to read, written after what RFC 4475 (SIP Torture Test Messages) says, section by section.

The texts are our own; each name is that of the RFC's message whose trait it has.
"""

from typing import Final

SDP: Final = "v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 49172 RTP/AVP 0\r\n"
LIVENESS: Final = (
    "OPTIONS sip:desk@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKalive{number};rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:t@127.0.0.1>;tag=a{number}\r\nTo: <sip:desk@127.0.0.1>\r\n"
    "Call-ID: alive-{number}@t\r\nCSeq: 1 OPTIONS\r\nContact: <sip:t@127.0.0.1:{port}>\r\nContent-Length: 0\r\n\r\n"
)


def message(name: str, start: str = "", *, body: str = "", drop: str = "", **changed: str) -> bytes:
    """Return a request with some headers changed (`max_forwards="0"`), left out (`drop="from to"`) or added."""
    method = (start or "INVITE").split(" ")[0]
    headers = {
        "via": f"SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{name}",
        "max_forwards": "70",
        "from": f'"T" <sip:t@127.0.0.1>;tag={name}',
        "to": "<sip:desk@127.0.0.1>",
        "call_id": f"{name}@torture",
        "cseq": f"1 {method}",
        "contact": "<sip:t@127.0.0.1:9>",
        "content_length": str(len(body)),
    }
    headers |= {"content_type": "application/sdp"} if body == SDP else {}
    headers |= changed
    for one in drop.split():
        headers.pop(one, None)
    lines = [f"{key.replace('_', '-').title()}: {value}" for key, value in headers.items()]
    first = start or "INVITE sip:desk@127.0.0.1 SIP/2.0"
    return ("\r\n".join((first, *lines)) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


def _torture() -> dict[str, bytes]:
    long = "x" * 6_000
    return {
        # 3.1.1: valid, and hard to read
        "wsinv": message(
            "wsinv", body=SDP, to="\r\n sip:desk@127.0.0.1 ;\r\n   tag    = 1", subject="\r\n   folded\r\n\t\ton"
        ),
        "intmeth": message("intmeth", "!zap%'+~`_.* sip:1_+*!;'@127.0.0.1 SIP/2.0"),
        "esc01": message("esc01", "INVITE sip:sips%3Auser%40example.com@127.0.0.1 SIP/2.0", body=SDP),
        "escnull": message("escnull", "REGISTER sip:127.0.0.1 SIP/2.0", to="sip:null-%00-null@127.0.0.1"),
        "esc02": message("esc02", "RE%47IST%45R sip:127.0.0.1 SIP/2.0"),
        "lwsdisp": message(
            "lwsdisp", "OPTIONS sip:desk@127.0.0.1 SIP/2.0", **{"from": "caller<sip:c@127.0.0.1>;tag=3"}
        ),
        "longreq": message("longreq", body=SDP, **{f"x_{n}": long for n in range(6)}),
        "dblreq": message("dblreq", "REGISTER sip:127.0.0.1 SIP/2.0") + message("dblreq2", body=SDP),
        "semiuri": message("semiuri", "OPTIONS sip:user;par=u%40example.net@127.0.0.1 SIP/2.0"),
        "transports": message("transports", via="SIP/2.0/NOVEL 127.0.0.1;branch=z9hG4bKx, SIP/2.0/SCTP 10.0.0.1"),
        "mpart01": message(
            "mpart01",
            body="--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x--\r\n",
            content_type="multipart/mixed;boundary=x",
        ),
        "unreason": message("unreason", "SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e", cseq="1 INVITE"),
        "noreason": message("noreason", "SIP/2.0 100 ", cseq="1 INVITE"),
        # 3.1.2: invalid
        "badinv01": message("badinv01", via="SIP/2.0/UDP 127.0.0.1:9;;,;,,", contact='"Joe" <sip:joe@x>;;;;'),
        "clerr": message("clerr", body=SDP, content_length="9999"),
        "ncl": message("ncl", body=SDP, content_length="-999"),
        "scalar02": message("scalar02", cseq="36893488147419103232 REGISTER", max_forwards="300", expires="1" * 40),
        "scalarlg": message(
            "scalarlg", "SIP/2.0 503 Later", retry_after="949302838503028349304023988", cseq="9" * 30 + " INVITE"
        ),
        "quotbal": message("quotbal", to='"Mr. J. User <sip:j@127.0.0.1>'),
        "ltgtruri": message("ltgtruri", "INVITE <sip:desk@127.0.0.1> SIP/2.0", body=SDP),
        "lwsruri": message("lwsruri", "INVITE sip:desk@127.0.0.1; lr SIP/2.0", body=SDP),
        "lwsstart": message("lwsstart", "INVITE  sip:desk@127.0.0.1  SIP/2.0", body=SDP),
        "trws": message("trws", "OPTIONS sip:desk@127.0.0.1 SIP/2.0  "),
        "escruri": message("escruri", "INVITE sip:desk@127.0.0.1?Route=%3Csip:x%3E SIP/2.0", body=SDP),
        "baddate": message("baddate", body=SDP, date="Fri, 01 Jan 2010 16:00:00 EST"),
        "regbadct": message("regbadct", "REGISTER sip:127.0.0.1 SIP/2.0", contact="sip:u@x?Route=%3Csip:y%3E"),
        "badaspec": message("badaspec", "OPTIONS sip:desk@127.0.0.1 SIP/2.0", to='"W" sip:w@127.0.0.1 <urn:x>'),
        "baddn": message("baddn", "OPTIONS sip:desk@127.0.0.1 SIP/2.0", **{"from": "Bell, Alexander <sip:a@x>;tag=4"}),
        "badvers": message("badvers", "OPTIONS sip:desk@127.0.0.1 SIP/7.0"),
        "mismatch01": message("mismatch01", "OPTIONS sip:desk@127.0.0.1 SIP/2.0", cseq="8 INVITE"),
        "mismatch02": message("mismatch02", "NEWMETHOD sip:desk@127.0.0.1 SIP/2.0", cseq="8 INVITE"),
        "bigcode": message("bigcode", "SIP/2.0 4294967301 better not break", cseq="1 INVITE"),
        # 3.2 to 3.4: transactions, applications, older versions
        "badbranch": message(
            "badbranch", "OPTIONS sip:desk@127.0.0.1 SIP/2.0", via="SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK"
        ),
        "insuf": message("insuf", body=SDP, drop="from to call_id cseq"),
        "unkscm": message("unkscm", "OPTIONS nobodyKnows:it SIP/2.0"),
        "novelsc": message("novelsc", "OPTIONS soap.beep://192.0.2.1:3002 SIP/2.0"),
        "unksm2": message(
            "unksm2", "REGISTER sip:127.0.0.1 SIP/2.0", to="isbn:2983792873", **{"from": "<http://x>;tag=1"}
        ),
        "bext01": message(
            "bext01", "OPTIONS sip:desk@127.0.0.1 SIP/2.0", require="nothingSupportsThis", proxy_require="nor.this"
        ),
        "invut": message("invut", body="<audio>\r\n</audio>", content_type="application/unknownformat"),
        "regaut01": message(
            "regaut01", "REGISTER sip:127.0.0.1 SIP/2.0", authorization="NoOneKnowsThisScheme opaque=x"
        ),
        "multi01": message("multi01", body=SDP).replace(
            b"Max-Forwards: 70",
            b"Max-Forwards: 70\r\nCSeq: 8 INVITE\r\nFrom: <sip:z@x>;tag=5\r\nTo: <sip:q@y>\r\nCall-ID: two@x",
        ),
        "mcl01": message("mcl01", "OPTIONS sip:desk@127.0.0.1 SIP/2.0", l="5").replace(b"L: 5", b"Content-Length: 5"),
        "bcast": message("bcast", "SIP/2.0 200 OK", via="SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKb", cseq="1 INVITE"),
        "zeromf": message("zeromf", "OPTIONS sip:desk@127.0.0.1 SIP/2.0", max_forwards="0"),
        "cparam01": message("cparam01", "REGISTER sip:127.0.0.1 SIP/2.0", contact="sip:+19725552222@x;unknownparam"),
        "regescrt": message(
            "regescrt", "REGISTER sip:127.0.0.1 SIP/2.0", contact="<sip:u@x?Route=%3Csip:sip.example.com%3E>"
        ),
        "sdp01": message("sdp01", body=SDP, accept="text/nobodyKnowsThis"),
        "inv2543": message("inv2543", body=SDP, via="SIP/2.0/UDP iftgw.example.com", drop="max_forwards contact"),
        # beyond the RFC
        "empty": b"\r\n\r\n",
        "zeros": bytes(400),
        "noise": bytes(range(256)) * 4,
        "endless": b"INVITE sip:" + b"a" * 60_000,
        "strange sdp": message(
            "strangesdp",
            body="v=0\r\nm=audio 99999 RTP/AVP 0\r\nc=IN IP4 999.1.1.1\r\nm=audio -1 X\r\n",
            content_type="application/sdp",
        ),
        "control": message(
            "control", body=SDP, **{"from": '"\x1b]0;owned\x07\u202e" <sip:+1\x1b[31m@127.0.0.1>;tag=9'}
        ),
        "replaces": message("replaces", body=SDP, replaces="nobody@x;to-tag=1;from-tag=2"),
        "bye of nobody": message("byeofnobody", "BYE sip:desk@127.0.0.1 SIP/2.0"),
        "cancel of nobody": message("cancelofnobody", "CANCEL sip:desk@127.0.0.1 SIP/2.0"),
        "ack of nobody": message("ackofnobody", "ACK sip:desk@127.0.0.1 SIP/2.0"),
        "refer of nobody": message("referofnobody", "REFER sip:desk@127.0.0.1 SIP/2.0", refer_to="<sip:x@203.0.113.9>"),
    }


TORTURE: Final = _torture()
"""Each message by its name in the RFC."""
