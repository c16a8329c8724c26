"""A visitor at a real page and an operator at a real console talk, and each sees all that the other does."""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from server.bench.process import running_broker
from server.clock import SystemClock
from server.demo.desk import DemoDesk
from tests import needs
from tests.browser import browser
from tests.terminal import Terminal, terminal
from tests.web_page import settings
from tests.widget_page import ROOT, Widget

pytestmark = [pytest.mark.e2e, needs.mark(needs.CHROMIUM, needs.TMUX)]

DESK = '[desk]\nrouting = "pull"\nwrap_up_seconds = 0\n'
CONSOLE = '[audio]\nbackend = "null"\n[attention]\nbell = false\nnotify = "off"\n'
PUT_FILE = """(() => {
  const told = new DataTransfer();
  told.items.add(new File(["a plain text\\n"], "order 17.txt", { type: "text/plain" }));
  const picker = root.querySelector("input[type=file]");
  picker.files = told.files;
  picker.dispatchEvent(new Event("change"));
})()"""


async def sees(screen: Terminal, what: str | Callable[[str], bool]) -> str:
    return await asyncio.to_thread(screen.wait, what, 60.0)


async def test_a_page_and_a_console_talk_and_each_sees_what_the_other_does() -> None:
    section = settings(origins=[], demo=True) + DESK
    with tempfile.TemporaryDirectory(prefix="e2e") as folder:
        async with running_broker(section) as broker, browser() as chromium:
            config = Path(folder) / "config.toml"
            config.write_text(CONSOLE)
            places = {
                "OPERATOR_SERVER": broker.url,
                "OPERATOR_TOKEN": broker.operator,
                "OPERATOR_CONSOLE_CONFIG": str(config),
                "XDG_STATE_HOME": folder,
                "XDG_CONFIG_HOME": folder,
            }
            program = [sys.executable, "-m", "operator_console"]
            with terminal(program, columns=120, rows=40, environment=places) as screen:
                widget = await Widget.on(chromium, f"{broker.url}/widget/demo")
                await widget.writes("My parcel 17 is <b>late</b>")
                await widget.state("You are talking with the assistant.")
                await widget.press("Talk to a person")
                await widget.state("You are waiting for a person. You are number 1 in the queue.")
                await sees(screen, "Why")
                await sees(screen, "asked for a person")
                screen.keys("a")
                await widget.state("You are talking with Bench.")
                await widget.reads("A person has joined the chat.")
                shown = await sees(screen, "is <b>late</b>")
                assert "Talk to a person" in shown

                screen.keys("i")
                screen.type("Let me look")
                await widget.reads("Bench is writing", ".types")
                screen.keys("Enter")
                await widget.reads("Let me look")
                await sees(screen, "  read")

                await widget.page.script(f"{ROOT}.querySelector('textarea').focus()")
                await widget.page.type("Tha")
                await sees(screen, "The customer is writing")
                await widget.page.type("nk you")
                await widget.page.press("Enter")
                await sees(screen, "Thank you")
                await widget.press("Edit")
                await widget.page.script(f"{ROOT}.getElementById('edit').select()")
                await widget.page.type("Thank you so much")
                await widget.page.press("Enter")
                await sees(screen, "Thank you so much")
                await sees(screen, "edited")

                await widget.ask(PUT_FILE)
                await widget.reads("Download order 17.txt (13 B)")
                await sees(screen, "order 17.txt")

                screen.type("/edit Let me look it up")
                screen.keys("Enter")
                await widget.reads("Let me look it up")
                await widget.reads("changed")

                screen.keys("Escape")
                await asyncio.to_thread(screen.wait_gone, "enter Send")
                screen.keys("r")
                await sees(screen, "the chat goes on with the AI")
                screen.keys("y")
                await widget.state("You are talking with the assistant.")
                await widget.reads("How content are you with the help you got?", ".panel")
                await widget.ask("root.querySelector('input[value=\"4\"]').click()")
                await widget.page.script(f"{ROOT}.querySelector('.box input[type=text]').value = 'quick'")
                await widget.press("Send rating")
                await widget.reads("Thank you for your rating.", ".panel")
                assert not widget.page.complaints
                screen.keys("H")
                await sees(screen, "CSAT 4 of 5: quick")


async def test_the_demo_has_a_page_on_which_anybody_is_a_customer() -> None:
    with tempfile.TemporaryDirectory(prefix="od-") as folder:
        desk = DemoDesk(Path(folder), SystemClock())
        address = await desk.start("Alex")
        try:
            async with browser() as chromium:
                widget = await Widget.on(chromium, address.web_page)
                await widget.writes("Hello")
                await widget.reads("This is the demo's assistant.")
                await widget.writes("I want a refund")
                await widget.reads("I ask somebody who may")
                await widget.state("You are waiting for a person. You are number 1 in the queue.")
                assert not widget.page.complaints
        finally:
            await desk.stop()
