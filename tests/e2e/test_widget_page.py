"""The widget on a page of another site, in a real browser: for all eyes, ears and keys, and for nobody's tricks."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, Say
from tests import needs
from tests.browser import Chromium, browser
from tests.live import free_port, fresh, greeted, rest
from tests.site import site
from tests.web_page import SECRET, identity, settings
from tests.widget_page import ROOT, Widget

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module"), needs.mark(needs.CHROMIUM)]

DESK = '[desk]\nrouting = "pull"\nwrap_up_seconds = 0\n'
LANGUAGES = ("en", "de", "es", "fr")
TRICKS = (
    "<script>window.tricked = 1</script>",
    "<img src=x onerror='window.tricked = 1'>",
    "<svg/onload=window.tricked=1>",
    "javascript:window.tricked=1",
    'https://example.com/"onmouseover="window.tricked=1',
    "https://user:pass@evil.example/",
    "</div></section><iframe srcdoc='<script>parent.tricked=1</script>'>",
    "{{constructor.constructor('window.tricked=1')()}}",
    "\u202egnirts desrever",
)
CONTRAST = """(() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [.2126, .7152, .0722][n], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement || (at.getRootNode().host)) {
      const back = numbers(getComputedStyle(at).backgroundColor);
      if (back.length === 3 || back[3] === 1) return back;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of root.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.matches(".hidden, style")) continue;
    const [one, other] = [numbers(getComputedStyle(element).color), behind(element)].map(light);
    const ratio = (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
    if (ratio < 4.5) poor.push(`${element.textContent.slice(0, 40)} ${ratio.toFixed(2)}`);
  }
  return poor;
})()"""
PUT_FILE = """((name, bytes) => {
  const told = new DataTransfer();
  told.items.add(new File([new Uint8Array(bytes)], name));
  const picker = root.querySelector("input[type=file]");
  picker.files = told.files;
  picker.dispatchEvent(new Event("change"));
})"""
DOT = (
    "137,80,78,71,13,10,26,10,0,0,0,13,73,72,68,82,0,0,0,1,0,0,0,1,8,0,0,0,0,58,126,155,85,"
    "0,0,0,10,73,68,65,84,120,156,99,96,0,0,0,2,0,1,72,175,164,113,0,0,0,0,73,69,78,68,174,66,96,130"
)
"""A PNG of one dot, byte by byte."""
KEEP_UNSENT = """(() => {{
  const place = Object.keys(localStorage)[0];
  localStorage[place] = JSON.stringify({{ ...JSON.parse(localStorage[place]), outbox: [{unsent}] }});
}})()"""
EDGES = """(() => {
  const box = root.querySelector('.panel').getBoundingClientRect();
  return [box.x, box.y, box.width, box.height];
})()"""
SIDES = ("form.write .main", "textarea")
FOCUSED = f"""(() => {{
  const active = {ROOT}.activeElement;
  return active && (active.getAttribute('aria-label') || active.textContent);
}})()"""
SMALL = """[...root.querySelectorAll("button, input[type=radio], textarea")].filter((one) => {
  const label = one.closest("label") || one;
  const box = label.getBoundingClientRect();
  return one.checkVisibility() && (box.width < 24 || box.height < 24);
}).map((one) => one.outerHTML)"""


@dataclass
class Shop:
    """A broker, a browser, and the port of the one site that may carry the widget."""

    broker: Running
    chromium: Chromium
    port: int

    @asynccontextmanager
    async def page(self, facts: str = "", **page: Any) -> AsyncIterator[tuple[Running, Chromium, str]]:
        """Serve the site's page meanwhile, to a visitor whom nobody knows yet."""
        async with site(self.broker.url, facts=facts, port=self.port, **page) as url, self.chromium.apart():
            yield self.broker, self.chromium, url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    secret = tmp_path_factory.mktemp("site") / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    port = free_port()
    origins = [f"http://127.0.0.1:{port}"]
    widget = settings(origins=origins, demo=True, identity_secret_file=str(secret))
    async with running_broker(widget + DESK) as broker, browser() as chromium:
        yield Shop(broker, chromium, port)


async def assistant_says(broker: Running, chat: str, text: str) -> None:
    async with rest(broker) as client:
        body = {"author": "assistant", "text": text}
        (await client.post(f"/v1/conversations/{chat}/messages", json=body)).raise_for_status()


async def test_a_page_with_a_strict_policy_asks_the_broker_alone_and_shows_the_button_first(shop: Shop) -> None:
    async with shop.page() as (broker, chromium, url):
        widget = await Widget.on(chromium, url, opened=False)
        assert [one for one in widget.page.requests if "icon" not in one] == [f"{url}/", f"{broker.url}/widget.js"]
        await widget.open()
        await widget.writes("Hello")
        await widget.state("You are talking with the assistant.")
        hosts = {one.split("/")[2] for one in widget.page.requests}
        assert hosts == {broker.url.split("/")[2], url.split("/")[2]}
        assert not widget.page.complaints


async def test_nothing_that_anybody_writes_is_ever_more_than_text(shop: Shop) -> None:
    async with shop.page() as (broker, chromium, url):
        widget = await Widget.on(chromium, url)
        for trick in TRICKS[:4]:
            await widget.writes(trick)
        await widget.state("You are talking with the assistant.")
        chat = await widget.chat()
        for trick in TRICKS:
            await assistant_says(broker, chat, f"AI {trick}")
        async with rest(broker) as client:
            link = {"url": 'https://example.com/"onclick=1', "name": "<b>x</b>"}
            told = {"author": "assistant", "text": "file", "links": [link]}
            await client.post(f"/v1/conversations/{chat}/messages", json=told)
        await widget.press("Talk to a person")
        await widget.state("You are waiting for a person.")
        async with greeted(broker) as (ann, snapshot):
            (session,) = snapshot.sessions
            taken = await ann.order(Accept(id=fresh(), session_id=session.id, epoch=session.epoch))
            assert taken.session is not None
            for trick in TRICKS:
                text = f"OP {trick}"
                await ann.order(Say(id=fresh(), session_id=session.id, epoch=taken.session.epoch, text=text))
        await widget.reads("OP {{constructor")
        shown = await widget.text(".log")
        for trick in (*TRICKS[:3], TRICKS[6]):
            assert f"AI {trick}" in shown
            assert f"OP {trick}" in shown
        tags = await widget.ask("[...new Set([...root.querySelectorAll('.log *')].map((one) => one.localName))].sort()")
        assert set(tags) <= {"a", "button", "div", "span"}
        links = await widget.ask("[...root.querySelectorAll('a')].map((one) => [one.href, one.rel, one.target])")
        assert links
        for address, rel, target in links:
            assert address.startswith("https://example.com/")
            assert '"' not in address
            assert {"noopener", "noreferrer"} <= set(rel.split())
            assert target == "_blank"
        attributes = "[...root.querySelectorAll('.log *')].flatMap((one) => one.getAttributeNames())"
        assert not [name for name in await widget.ask(attributes) if name.startswith("on") or name == "style"]
        assert await widget.page.script("window.tricked") is None


async def test_everything_can_be_done_with_keys_alone(shop: Shop) -> None:
    async with shop.page(body="<a href='#top' id=first>first</a>") as (broker, chromium, url):
        widget = await Widget.on(chromium, url, opened=False)
        page = widget.page
        await page.script("document.getElementById('first').focus()")
        await page.press("Tab")
        assert await page.script(FOCUSED) == "Open chat"
        await page.press("Enter")
        await page.until(f"{ROOT}.activeElement.tagName === 'TEXTAREA'")
        await page.type("line one")
        await page.press("Enter", shift=True)
        await page.type("line two")
        await page.press("Enter")
        await widget.reads("line one\nline two")
        await widget.state("You are talking with the assistant.")
        for _ in range(12):
            await page.press("Tab", shift=True)
            if await page.script(FOCUSED) == "Talk to a person":
                break
        assert await page.script(FOCUSED) == "Talk to a person"
        await page.press("Space")
        await widget.state("You are waiting for a person.")
        await page.press("Escape")
        await page.until(f"{ROOT}.querySelector('.panel').hidden && {ROOT}.activeElement.className === 'launch'")
        assert await page.script(f"{ROOT}.querySelector('.launch').getAttribute('aria-expanded')") == "false"
        assert broker.url


@pytest.mark.parametrize("dark", [False, True])
async def test_what_a_screen_reader_says_and_what_eyes_need_is_there(shop: Shop, dark: bool) -> None:
    async with shop.page(facts='data-theme="auto"') as (broker, chromium, url):
        widget = await Widget.on(chromium, url)
        await widget.page.look(390, 844, mobile=True, dark=dark)
        await widget.writes("Hello")
        await widget.state("You are talking with the assistant.")
        await assistant_says(broker, await widget.chat(), "Hi, see https://example.com/help")
        await widget.reads("Hi, see")
        tree = await widget.page.accessible()
        named = {(node["role"], node["name"]) for node in tree}
        assert {("dialog", "Chat with us"), ("log", "Messages"), ("textbox", "Write a message")} <= named
        assert {
            ("button", "Send"),
            ("button", "Close chat"),
            ("button", "Attach a file"),
            ("button", "Open chat"),
        } <= named
        unnamed = [node for node in tree if node["role"] in {"button", "textbox", "link", "radio"} and not node["name"]]
        assert unnamed == []
        live = {(node["role"], node.get("live")) for node in tree if node.get("live")}
        assert {("log", "polite"), ("status", "polite")} <= live
        spoken = " ".join(node["name"] for node in tree if node["role"] == "StaticText")
        assert "You: Hello" in spoken.replace("You:  ", "You: ")
        assert "Assistant:" in spoken
        assert await widget.ask(CONTRAST) == []
        assert await widget.ask(SMALL) == []
        assert await widget.ask("root.querySelector('.panel').lang") == "en"
        assert await widget.ask(EDGES) == [0, 0, 390, 844]


async def test_movement_that_is_not_wanted_is_not_there(shop: Shop) -> None:
    async with shop.page() as (_, chromium, url):
        widget = await Widget.on(chromium, url)
        moves = "getComputedStyle(root.querySelector('.panel')).animationName"
        assert await widget.ask(moves) == "rise"
        still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        await widget.page.send("Emulation.setEmulatedMedia", features=still)
        assert await widget.ask(moves) == "none"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_language_says_everything_and_a_page_may_say_it_otherwise(shop: Shop, language: str) -> None:
    own = json.dumps({"send": "Los!"}).replace('"', "&quot;")
    async with shop.page(facts=f'data-language="{language}" data-texts="{own}"') as (broker, chromium, url):
        widget = await Widget.on(chromium, url)
        files = next(one for one in widget.page.requests if one.endswith("texts.js"))
        told = await widget.page.script(f"import('{files}').then((texts) => texts.languages)")
        assert tuple(told) == LANGUAGES
        same_everywhere = {"score2", "score3", "score4"}
        assert set(told["en"]) - set(told[language]) <= same_everywhere
        for name, text in told[language].items():
            assert _holes(text) == _holes(told["en"][name]), name
        assert told[language]["person"] in await widget.text()
        assert "Los!" in await widget.text()
        assert broker.url


@pytest.mark.parametrize(("facts", "way"), [('data-language="ar"', "rtl"), ("", "ltr")])
async def test_the_language_says_which_way_the_panel_runs_whatever_the_page_does(
    shop: Shop, facts: str, way: str
) -> None:
    async with shop.page(facts=facts) as (_, chromium, url):
        widget = await Widget.on(chromium, url)
        await widget.page.script("document.documentElement.dir = 'rtl'")
        send, box = [await widget.ask(f"root.querySelector('{name}').getBoundingClientRect().x") for name in SIDES]
        assert await widget.ask("getComputedStyle(root.querySelector('.panel')).direction") == way
        assert (send < box) == (way == "rtl")


async def test_the_newest_words_stay_in_view_when_the_keyboard_takes_room(shop: Shop) -> None:
    async with shop.page() as (broker, chromium, url):
        widget = await Widget.on(chromium, url)
        await widget.page.look(390, 844, mobile=True)
        await widget.writes("Hello")
        await widget.state("You are talking with the assistant.")
        for number in range(8):
            await assistant_says(broker, await widget.chat(), f"{number} " + "words " * 30)
        await widget.reads("7 words")
        below = f"(({ROOT}.querySelector('.log')).scrollHeight - {ROOT}.querySelector('.log').scrollTop)"
        await widget.page.until(f"{below} < 800")
        await widget.page.look(390, 480, mobile=True)
        await widget.page.until(f"{below} - {ROOT}.querySelector('.log').clientHeight < 2")
        await widget.ask("root.querySelector('.log').scrollTo(0, 0)")
        await widget.page.until(f"{below} > 1000")
        await widget.page.look(390, 844, mobile=True)
        await assistant_says(broker, await widget.chat(), "and one more")
        await widget.reads("and one more")
        assert await widget.ask("root.querySelector('.log').scrollTop") == 0, "who reads what was said is left there"


def _holes(text: str) -> set[str]:
    return {part.split("}")[0] for part in text.split("{")[1:]}


async def test_a_reload_and_a_lost_line_lose_nothing_and_are_said(shop: Shop) -> None:
    async with shop.page() as (broker, chromium, url):
        widget = await Widget.on(chromium, url)
        await widget.writes("before")
        await widget.state("You are talking with the assistant.")
        chat = await widget.chat()
        await widget.page.connected(on=False)
        await widget.state("No connection. What you write is sent as soon as it is back.")
        await widget.writes("meanwhile")
        await widget.reads("Sending")
        await assistant_says(broker, chat, "said while you were away")
        await widget.page.connected(on=True)
        await widget.reads("said while you were away")
        await widget.page.until(f"!{ROOT}.querySelector('.log').innerText.includes('Sending')")
        await widget.page.reload()
        await widget.page.until(f"{ROOT}.querySelector('.launch')")
        await widget.open()
        for text in ("before", "said while you were away", "meanwhile"):
            await widget.reads(text)
        async with rest(broker) as client:
            turns = (await client.get(f"/v1/conversations/{chat}/messages")).json()
        assert sorted(turn["text"] for turn in turns) == ["before", "meanwhile", "said while you were away"]


async def test_what_was_written_and_not_sent_is_sent_after_a_reload_and_once_from_two_tabs(shop: Shop) -> None:
    async with shop.page() as (broker, chromium, url):
        widget = await Widget.on(chromium, url)
        await widget.writes("first")
        await widget.state("You are talking with the assistant.")
        chat = await widget.chat()
        unsent = {"key": "00000000-0000-4000-8000-000000000001", "text": "kept", "files": []}
        keep = KEEP_UNSENT.format(unsent=json.dumps(unsent))
        await widget.page.script(keep)
        await asyncio.gather(widget.page.reload(), Widget.on(chromium, url, opened=False))
        await widget.page.until(f"{ROOT}.querySelector('.launch')")
        await widget.open()
        await widget.reads("kept")
        await widget.page.until(f"!{ROOT}.querySelector('.log').innerText.includes('Sending')")
        async with rest(broker) as client:
            turns = (await client.get(f"/v1/conversations/{chat}/messages")).json()
        assert [turn["text"] for turn in turns] == ["first", "kept"]


async def test_the_button_counts_what_was_not_read(shop: Shop) -> None:
    async with shop.page() as (broker, chromium, url):
        widget = await Widget.on(chromium, url)
        await widget.writes("Hello")
        await widget.state("You are talking with the assistant.")
        chat = await widget.chat()
        await widget.click("header .icon")
        for text in ("one", "two"):
            await assistant_says(broker, chat, text)
        label = f"{ROOT}.querySelector('.launch').getAttribute('aria-label')"
        await widget.page.until(f"{label} === 'Open chat, 2 new' && {ROOT}.querySelector('.badge').innerText === '2'")
        await widget.page.reload()
        await widget.page.until(f"{label} === 'Open chat, 2 new'")
        await widget.open()
        await widget.page.until(f"{label} === 'Open chat' && {ROOT}.querySelector('.badge').hidden")


async def test_a_site_that_is_not_on_the_list_gets_no_chat_and_tells_the_visitor(shop: Shop) -> None:
    async with site(shop.broker.url) as url, shop.chromium.apart():
        widget = await Widget.on(shop.chromium, url)
        await widget.writes("Hello")
        await widget.state("No connection.")
        assert not [one for one in widget.page.requests if one.endswith(("/messages", "/live"))]


async def test_a_signed_visitor_is_known_by_name_and_a_forged_one_is_a_stranger(shop: Shop) -> None:
    for token, name in ((identity(name="Zoe Hill"), "Zoe Hill"), (identity("x" * 40, name="Mallory"), "")):
        async with shop.page(facts=f'data-identity="{token}"') as (broker, chromium, url):
            widget = await Widget.on(chromium, url)
            await widget.writes("It is me")
            await widget.state("You are talking with the assistant.")
            async with rest(broker) as client:
                view = (await client.get(f"/v1/conversations/{await widget.chat()}")).json()
            assert view["customer"].get("name", "") == name


async def test_a_lost_line_after_the_end_of_an_identity_does_not_lose_the_chat(shop: Shop) -> None:
    token = identity(name="Zoe Hill", sub="u-lost")
    async with shop.page(facts=f'data-identity="{token}"') as (broker, chromium, url):
        widget = await Widget.on(chromium, url)
        await widget.writes("It is me")
        await widget.state("You are talking with the assistant.")
        chat = await widget.chat()
        visits = sum(one.endswith("/visits") for one in widget.page.requests)
        await widget.page.connected(on=False)
        await widget.state("No connection.")
        await assistant_says(broker, chat, "still the same chat")
        await widget.page.connected(on=True)
        await widget.reads("still the same chat")
        assert sum(one.endswith("/visits") for one in widget.page.requests) == visits


async def test_a_file_picked_on_the_page_arrives_and_one_that_is_refused_is_said(shop: Shop) -> None:
    async with shop.page() as (_, chromium, url):
        widget = await Widget.on(chromium, url)
        await widget.writes("Hello")
        await widget.ask(f"{PUT_FILE}('prog.bin', [127, 69, 76, 70, 2, 1])")
        await widget.state("Files of this kind are not taken.")
        await widget.ask(f"{PUT_FILE}('huge.bin', new ArrayBuffer(20000001))")
        await widget.state("huge.bin is too large. At most 20.0 MB can be sent.")
        await widget.ask(f"{PUT_FILE}('dot.png', [{DOT}])")
        await widget.reads("Download dot.png")
        await widget.page.until(f"{ROOT}.querySelector('.log img').src.startsWith('blob:')")
