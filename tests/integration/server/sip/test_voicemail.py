"""A voicemail over SIP: sipp calls, its telephone plays a sentence, presses the hash key, and the line drops."""

import wave
from pathlib import Path

import pytest

from server.broker.ports.media import VoicemailOrder, VoicemailOver
from server.media.prompts import BEEP_HZ
from server.wire.terms import CallPhase, SessionId
from tests import needs
from tests.media_clients import loudness, share, until
from tests.sip_peers import comes, opening
from tests.sip_switch import switch
from tests.spoken_messages import CLIP, likeness, paced

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.sip_call]


async def test_a_sentence_over_sip_comes_back_as_a_wav(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    async with switch(tmp_path, recordings=str(folder)) as desk:
        phone = await desk.telephone()
        sipp = await desk.sipp(opening(), comes("BYE"), audio=phone.port)
        await desk.answer(await desk.incoming())
        order = VoicemailOrder(record="s_1-voicemail", session_id=SessionId("s_1"))
        await desk.media.plan("c-1", CallPhase.VOICEMAIL, epoch=1, version=1, voicemail=order)
        await until(lambda: loudness(bytes(phone.heard)) > 300, "the greeting is heard")
        await phone.press("#")
        await until(lambda: share(bytes(phone.heard[-3_200:]), BEEP_HZ, 8_000) > 0.9, "the beep is heard")
        await until(lambda: loudness(bytes(phone.heard[-960:])) < 20, "it is over")
        await paced(CLIP, phone.say)
        await phone.press("#")
        await until(lambda: desk.media.of(VoicemailOver), "the message is over")
        (fact,) = desk.media.of(VoicemailOver)
        assert isinstance(fact, VoicemailOver)
        assert fact.kept
        await desk.media.plan("c-1", CallPhase.ENDED, epoch=1 << 30)
        await sipp.ended()
    with wave.open(str(folder / "s_1-voicemail.wav"), "rb") as file:
        assert likeness(file.readframes(file.getnframes()), CLIP) > 0.9
