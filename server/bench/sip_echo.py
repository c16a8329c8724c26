"""Echo every SIP call, with the stack alone: what a call costs without anything of the desk.

Run by `server.bench.sip` as `python -m server.bench.sip_echo PORT` until it is told to end.
"""

import asyncio
import logging
import sys
from contextlib import suppress

from baresip import Account, AudioNotActive, AudioRestarted, BaresipError, Call, Config, Runtime, UserAgent

_STEP_SECONDS = 0.02
_STEP_BYTES = 3_200


async def _echo(call: Call) -> None:
    with suppress(BaresipError):
        await call.answer(video=True)
        await call.wait_established(10.0)
        while call.state.value != "closed":
            with suppress(AudioNotActive, AudioRestarted):
                call.audio.write(call.audio.read(_STEP_BYTES))
            await asyncio.sleep(_STEP_SECONDS)


async def _main(port: int) -> None:
    logging.getLogger("baresip").setLevel(logging.ERROR)
    runtime = Runtime()
    extra = f"sip_listen 127.0.0.1:{port}\naudio_jitter_buffer_type adaptive\naudio_jitter_buffer_ms 20-200\n"
    await runtime.start(Config(net_interface="127.0.0.1", max_concurrent_calls=None, extra_config_text=extra))
    params = ("catchall=yes", "video_codecs=none")
    account = Account(user="echo", domain="127.0.0.1", password="", reg_interval=0, extra_params=params)
    user_part = await UserAgent.create(runtime, account)
    async with asyncio.TaskGroup() as group:

        def echo(call: Call) -> None:
            group.create_task(_echo(call))

        user_part.on_incoming(echo)
        print("ready", flush=True)  # noqa: T201 - the measurement waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
