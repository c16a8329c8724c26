"""Drive a real Chromium over its DevTools protocol: open pages, type, click, look, listen, take pictures.

async with browser() as chromium:
    page = await chromium.open("http://127.0.0.1:8080/widget/demo")
    await page.until("document.querySelector('operator-widget')")
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--disable-default-apps", "--disable-extensions", "--no-default-browser-check", "--password-store=basic",
    "--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0",
)  # fmt: skip
START_SECONDS = 60.0
WAIT_SECONDS = 60.0
KEYS = {
    "Enter": (13, "\r"),
    "Tab": (9, ""),
    "Escape": (27, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
    "Space": (32, " "),
}


class PageError(AssertionError):
    """What a test waited for on a page did not come, or the page's own script failed."""


class WebPage:
    """One tab."""

    def __init__(self, link: "Chromium", session: str) -> None:
        self._link = link
        self._session = session
        self.requests: list[str] = []
        """Every address that the page asked for."""
        self.complaints: list[str] = []
        """What the page's scripts raised, and errors and warnings of its console."""
        self.frames: list[dict[str, Any]] = []
        """What came on the page's sockets as JSON."""

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Give the tab an order."""
        return await self._link.send(method, session=self._session, **params)

    async def script(self, expression: str) -> Any:
        """Return what an expression gives in the page, awaited."""
        told = await self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            details = told["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description") or details["text"])
        return told["result"].get("value")

    async def until(self, expression: str, seconds: float = WAIT_SECONDS) -> Any:
        """Return what an expression gives once that is true."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        asked = f"(async () => {{ const it = await ({expression}); return it instanceof Node ? true : it; }})()"
        while True:
            with contextlib.suppress(PageError):
                if found := await self.script(asked):
                    return found
            if loop.time() > deadline:
                shown = await self.script("document.body && document.body.innerText.slice(0, 2000)")
                raise PageError(f"never: {expression}\n{shown}\n{self.complaints}")
            await asyncio.sleep(0.05)

    async def go(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        await self.send("Page.navigate", url=url)
        await self.until(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    async def reload(self) -> None:
        """Load the page anew."""
        await self.script("window.before = true")
        await self.send("Page.reload")
        await self.until("!window.before && document.readyState === 'complete'")

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.send("Input.insertText", text=text)

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key."""
        code, text = KEYS[key]
        facts = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code}
        held = {"modifiers": 8} if shift else {}
        await self.send("Input.dispatchKeyEvent", type="keyDown", **facts, **({"text": text} if text else {}), **held)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **facts, **held)

    async def look(self, width: int, height: int, *, mobile: bool = False, dark: bool = False) -> None:
        """Give the page another size and colour scheme."""
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.send("Emulation.setEmulatedMedia", features=scheme)

    async def connected(self, *, on: bool) -> None:
        """Pull the network from the page, or put it back."""
        await self.send(
            "Network.emulateNetworkConditions", offline=not on, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )

    async def picture(self, path: Path) -> Path:
        """Keep how the page looks as PNG."""
        told = await self.send("Page.captureScreenshot", format="png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(told["data"]))
        return path

    async def accessible(self) -> list[dict[str, Any]]:
        """Return the page's accessibility tree: role, name and what a screen reader is told besides."""
        told = await self.send("Accessibility.getFullAXTree")
        return [
            {
                "role": node.get("role", {}).get("value", ""),
                "name": node.get("name", {}).get("value", ""),
                **{one["name"]: one["value"].get("value") for one in node.get("properties", ())},
            }
            for node in told["nodes"]
            if not node.get("ignored")
        ]

    def heard(self, method: str, params: dict[str, Any]) -> None:
        """Take note of what the tab tells."""
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(params["url"])
            case "Network.webSocketFrameReceived" if params["response"]["opcode"] == 1:
                self.frames.append(json.loads(params["response"]["payloadData"]))
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description") or details["text"])
            case "Log.entryAdded" if params["entry"]["level"] in {"error", "warning"}:
                self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
            case _:
                pass


class Chromium:
    """One browser with a profile of its own."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, WebPage] = {}
        self._apart: dict[str, str] = {}
        self._reading = asyncio.ensure_future(self._read())

    async def send(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Give an order and return its result."""
        number = next(self._ids)
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        order: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            order["sessionId"] = session
        await self._socket.send(json.dumps(order))
        async with asyncio.timeout(WAIT_SECONDS):
            return await waiting

    async def _read(self) -> None:
        async for text in self._socket:
            told = json.loads(text)
            waiting = self._waiting.pop(told.get("id", 0), None)
            if waiting is not None and not waiting.done():
                if "error" in told:
                    waiting.set_exception(PageError(str(told["error"])))
                else:
                    waiting.set_result(told["result"])
            elif "method" in told and told.get("sessionId") in self._pages:
                self._pages[told["sessionId"]].heard(told["method"], told["params"])

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[None]:
        """Open tabs meanwhile that share their storage with no others; they are closed in the end."""
        made = await self.send("Target.createBrowserContext")
        self._apart = {"browserContextId": made["browserContextId"]}
        try:
            yield
        finally:
            await self.send("Target.disposeBrowserContext", **self._apart)
            self._apart = {}

    async def open(self, url: str = "about:blank", *, first: str = "") -> WebPage:
        """Open a tab; the script `first` runs in it before the page's own."""
        target = await self.send("Target.createTarget", url="about:blank", **self._apart)
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = WebPage(self, attached["sessionId"])
        self._pages[attached["sessionId"]] = page
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            await page.send(f"{domain}.enable")
        if first:
            await page.send("Page.addScriptToEvaluateOnNewDocument", source=first)
        await page.look(1280, 800)
        if url != "about:blank":
            await page.go(url)
        return page

    async def close(self) -> None:
        """Let go of it."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()


@asynccontextmanager
async def browser(*flags: str) -> AsyncIterator[Chromium]:
    """Run a Chromium of this test's own, without a window."""
    program = shutil.which("chromium")
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            socket = await connect(await _address(Path(profile)), max_size=64 << 20, proxy=None, ping_interval=None)
            chromium = Chromium(socket)
            try:
                yield chromium
            finally:
                await chromium.close()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _address(profile: Path) -> str:
    """Return where the browser takes orders, once it says so."""
    file = profile / "DevToolsActivePort"
    async with asyncio.timeout(START_SECONDS):
        while not (file.exists() and len(lines := file.read_text().splitlines()) >= 2):
            await asyncio.sleep(0.05)
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
