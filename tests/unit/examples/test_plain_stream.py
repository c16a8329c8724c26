"""The examples' own plain stream against the server's: what one packs the other reads."""

import json

import pytest

from examples.voice.plain_stream import FRAME_BYTES, RATE, PlainStream
from server.telephony.stream import agreed_format, decode_audio, decode_control
from server.wire.codec import encode
from server.wire.media import CODEC_PCM16, MediaDtmf, MediaHello, MediaPhase, MediaReady, pack_audio
from server.wire.terms import LegRole

pytestmark = pytest.mark.unit


def up(stream: PlainStream, epoch: int = 0x1_0007) -> PlainStream:
    stream.told(encode(MediaReady(role=LegRole.ASSISTANT, epoch=epoch, rate=RATE, codec="pcm16")).decode())
    return stream


def test_the_server_takes_its_hello_and_its_audio() -> None:
    stream = up(PlainStream("one-time"))
    hello = decode_control(stream.hello.encode())
    assert isinstance(hello, MediaHello)
    assert hello.token == "one-time"
    spoken = bytes(range(256)) * 10
    frames = [decode_audio(frame, agreed_format(hello)) for frame in stream.audio(spoken)]
    assert [(one.epoch, one.sequence, one.timestamp_ms) for one in frames] == [
        (7, 0, 0),
        (7, 1, 20),
        (7, 2, 40),
        (7, 3, 60),
    ]
    assert b"".join(one.payload for one in frames) == spoken
    assert len(stream.audio(bytes(FRAME_BYTES - 1))) == 0
    assert len(stream.audio(bytes(1))) == 1, "what was left over is said with the next"


def test_it_hears_what_the_server_packs() -> None:
    assert PlainStream("t").heard(pack_audio(CODEC_PCM16, 1, 2, 40, b"\x01\x02" * 320)) == b"\x01\x02" * 320
    told = PlainStream("t").told(encode(MediaDtmf(digit="0")).decode())
    assert told == {"type": "dtmf", "digit": "0"}


def test_nothing_goes_out_before_ready_nor_while_a_person_has_the_word() -> None:
    stream = PlainStream("t")
    assert stream.audio(bytes(FRAME_BYTES)) == []
    up(stream)
    assert len(stream.audio(bytes(FRAME_BYTES + 10))) == 1
    for phase in ("operator", "hold", "target"):
        stream.told(encode(MediaPhase(phase=phase)).decode())
        assert stream.audio(bytes(FRAME_BYTES)) == []
    stream.told(json.dumps({"type": "phase", "phase": "assistant"}))
    (frame,) = stream.audio(bytes(FRAME_BYTES))
    assert len(frame) == FRAME_BYTES + 12, "nothing of before is said afterwards"
