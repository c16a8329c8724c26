"""Be a web site of somebody's own: one page with the widget's script tag, behind a strict policy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

POLICY = (
    "default-src 'none'; script-src {broker}; connect-src {broker} {socket}; img-src 'self' blob:; style-src 'none'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)
"""What docs/channels/widget.md says that a page must allow, and that no string becomes script or HTML."""
PAGE = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width"></head>
<body>{body}<script src="{broker}/widget.js" {facts} defer></script></body></html>"""


@asynccontextmanager
async def site(
    broker: str, *, facts: str = "", body: str = "<h1>Shop</h1>", language: str = "en", port: int = 0
) -> AsyncIterator[str]:
    """Serve the page and give its address; `facts` are the script tag's own attributes."""
    page = PAGE.format(broker=broker, facts=facts, body=body, language=language).encode()
    policy = POLICY.format(broker=broker, socket="ws" + broker.removeprefix("http"))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:  # a browser opens connections that it may want later
            writer.close()
            return
        found = first.startswith(b"GET / ")
        head = [
            "HTTP/1.1 200 OK" if found else "HTTP/1.1 204 No Content",
            "Content-Type: text/html; charset=utf-8",
            f"Content-Security-Policy: {policy}",
            f"Content-Length: {len(page) if found else 0}",
            "Connection: close",
        ]
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + (page if found else b""))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
