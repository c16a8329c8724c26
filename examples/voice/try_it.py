"""Be caller and operator for an example bot, and check what each hears: greeting, handoff, person, bot again, hang-up.

    python examples/voice/try_it.py --bot "PYTHON examples/voice/pipecat_bot.py"

Needs the desk itself (`pip install -e ".[dev]"`), since it starts a broker; PYTHON is the one of the bot's own venv.
"""

import argparse
import asyncio
import math
import shlex
import sys
import tempfile
from pathlib import Path

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, Resolve
from server.wire.terms import LegRole
from tests.live import fresh, greeted, operator, rest
from tests.media_clients import StreamLeg, loudness, share, until

SECONDS = 60.0


async def conversation_with(broker: Running) -> str:
    """Return a new call's id."""
    async with rest(broker) as client:
        body = {"medium": "voice", "channel": "phone", "customer_name": "Mrs Fields", "external_id": fresh()}
        return str((await client.post("/v1/conversations", json=body)).json()["id"])


async def caller_of(broker: Running, call: str) -> StreamLeg:
    """Connect the caller's telephone."""
    async with rest(broker) as client:
        grant = (await client.post(f"/v1/conversations/{call}/legs", json={"role": LegRole.CALLER})).json()
    return await StreamLeg().open(grant["url"], grant["token"])


def speech_in(leg: StreamLeg) -> float:
    """Return how many seconds of speech were heard since the last `forget`: loud, and not one tone."""
    loud = [frame for frame in list(leg.frames) if loudness(frame) > 300 and share(frame, 880, leg.rate) < 0.5]
    return len(loud) * 0.02


async def play(broker: Running) -> None:
    """Play the whole call."""
    ann = await operator(broker, "Ann")
    call = await conversation_with(broker)
    async with await caller_of(broker, call) as caller:
        caller.speak(440)
        await until(lambda: speech_in(caller) > 1.5, "the bot greets", SECONDS)
        print("the caller hears the bot")
        await caller.tell(type="dtmf", digit="0")
        session = await asked(broker, call)
        print(f"{session['number']}: the bot asked for a person: {session['reason']}")
        async with greeted(broker, ann) as (desk, _):
            reply = await desk.order(Accept(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
        assert reply.media is not None, reply
        async with await StreamLeg().open(reply.media.url, reply.media.token) as headset:
            headset.speak(880)
            await caller.hears(880)
            await headset.hears(440)
            caller.forget()
            await until(lambda: len(caller.frames) > 150, "three seconds with the operator", SECONDS)
            assert speech_in(caller) == 0.0, "the bot talks into the operator's call"
            print("caller and operator hear each other, the bot is silent")
            assert reply.session is not None
            caller.forget()
            order = Resolve(id=fresh(), session_id=reply.session.id, epoch=reply.session.epoch, note="Refund agreed")
            async with greeted(broker, ann) as (desk, _):
                answered = await desk.order(order)
            assert answered.ok, answered
        await until(lambda: speech_in(caller) > 1.0, "the bot takes back", SECONDS)
        print("the caller hears the bot again")
    async with rest(broker) as client:
        said = (await client.get(f"/v1/conversations/{call}/messages")).json()
    print("turns:", [(one["author"], one["text"][:40]) for one in said])


async def asked(broker: Running, call: str) -> dict[str, object]:
    """Return the session once the bot has asked for it."""
    async with rest(broker, broker.operator) as client:
        for _ in range(math.ceil(SECONDS / 0.1)):
            for one in (await client.get("/v1/sessions")).json():
                if one["conversation_id"] == call and one["state"] in {"queued", "offered"}:
                    return one
            await asyncio.sleep(0.1)
    raise AssertionError("nobody was asked for")


async def main() -> None:
    """Start a broker and the bot, and play."""
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--bot", required=True, help="the command that starts the bot, without its arguments")
    command = shlex.split(told.parse_args().bot)
    with tempfile.TemporaryDirectory() as folder:
        async with running_broker() as broker:
            key = Path(folder) / "key"
            await asyncio.to_thread(key.write_text, broker.key)
            arguments = ("--desk", broker.url, "--key-file", str(key))
            bot = await asyncio.create_subprocess_exec(*command, *arguments, stdout=asyncio.subprocess.PIPE)
            assert bot.stdout is not None
            try:
                async with asyncio.timeout(SECONDS):
                    while b"listening" not in await bot.stdout.readline():
                        pass
                await play(broker)
            finally:
                bot.terminate()
                await bot.wait()
    print("all of it worked")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
