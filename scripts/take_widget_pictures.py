"""Take the widget's pictures for the documentation, in a real browser: `python -m scripts.take_widget_pictures`.

Needs Chromium. Look at the pictures before you keep them.
"""

import asyncio
from pathlib import Path

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, Say
from tests.browser import browser
from tests.live import fresh, greeted, rest
from tests.web_page import settings
from tests.widget_page import Widget

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
DESK = '[desk]\nrouting = "pull"\nwrap_up_seconds = 0\n'


async def main() -> None:
    """Play a chat and keep how it looks: on a desk in the light, on a telephone in the dark."""
    section = settings(origins=[], demo=True, calls="queue")
    async with running_broker(section + DESK) as broker, browser() as chromium:
        widget = await Widget.on(chromium, f"{broker.url}/widget/demo")
        await widget.writes("My parcel should have been here on Monday. Where is it?")
        await widget.state("You are talking with the assistant.")
        await _says(broker, await widget.chat(), "Parcel 17 left our store on Friday. I see no later news of it.")
        await widget.reads("no later news")
        await widget.press("Talk to a person")
        await widget.state("You are waiting for a person. You are number 1 in the queue.")
        await widget.page.look(390, 844, mobile=True, dark=True)
        await widget.page.picture(PICTURES / "widget-phone.png")
        await widget.page.look(1000, 740)
        async with greeted(broker) as (ann, snapshot):
            (session,) = snapshot.sessions
            taken = await ann.order(Accept(id=fresh(), session_id=session.id, epoch=session.epoch))
            epoch = taken.session.epoch if taken.session is not None else 0
            text = "Hello, this is Bench. The carrier has it in Leeds; you get it tomorrow before noon."
            await ann.order(Say(id=fresh(), session_id=session.id, epoch=epoch, text=text))
            await widget.reads("before noon")
        await widget.writes("Thank you, that helps.")
        await widget.reads("Sent")
        await widget.page.picture(PICTURES / "widget.png")


async def _says(broker: Running, chat: str, text: str) -> None:
    async with rest(broker) as client:
        body = {"author": "assistant", "text": text}
        (await client.post(f"/v1/conversations/{chat}/messages", json=body)).raise_for_status()


if __name__ == "__main__":
    asyncio.run(main())
