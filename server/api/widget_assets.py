"""Serve what browsers load of the widget: `/widget.js`, and the files it asks for, packed once at the start.

The files are served as they are written; nothing builds them. `/widget.js` names them with the hash of all of them in
the path, so that they may be kept for ever and are never mixed with those of another version.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from server.api.errors import AnyRequest
from server.core.errors import NotFoundError

FOLDER: Final = Path(__file__).resolve().parent.parent / "widget"
LOADER: Final = "widget.js"
DEMO: Final = "demo.html"
DEMO_FILES: Final = frozenset({DEMO, "demo.css", "icon.svg"})
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_CONFIG: Final = b"/* the broker's settings */ {}"
"""What stands in the loader where the broker writes its settings."""
_YEAR_SECONDS: Final = 31_536_000
_FIVE_MINUTES_SECONDS: Final = 300
_SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "Referrer-Policy": "no-referrer",
}
DEMO_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {media}; img-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page needs to allow for the widget, and no more: the demo page is the proof."""


class WidgetFacts(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the loader is told: settings that are no secret."""

    title: str = ""
    greeting: str = ""
    calls: str = "off"
    records: bool = False
    first: str = "assistant"
    most_bytes: int = 0
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    plain: bytes
    packed: bytes
    media_type: str
    tag: str


class WidgetAssets:
    """The widget's files, read once."""

    def __init__(self, facts: WidgetFacts, folder: Path = FOLDER) -> None:
        """Read and pack them; the loader is told `facts`, and where the others lie."""
        plain = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in _TYPES}
        digest = hashlib.sha256()
        for name, content in plain.items():
            digest.update(name.encode() + b"\0" + content)
        self.version: Final = digest.hexdigest()[:16]
        told = msgspec.json.encode({**msgspec.to_builtins(facts), "version": self.version})
        plain[LOADER] = plain[LOADER].replace(_CONFIG, told.replace(b"<", b"\\u003c"))
        self.files: Final[Mapping[str, Asset]] = {name: _packed(name, content) for name, content in plain.items()}

    @property
    def packed_bytes(self) -> int:
        """What a browser loads at most, as it travels: everything but the demo page."""
        return sum(len(asset.packed) for name, asset in self.files.items() if name not in DEMO_FILES)

    def answer(self, request: AnyRequest, name: str, headers: Mapping[str, str], seconds: int) -> Response[bytes]:
        """Return one file, packed for who takes that, or the word that nothing has changed.

        Raises:
            NotFoundError: `no_such_path`.
        """
        asset = self.files.get(name)
        if asset is None:
            raise NotFoundError("no_such_path", "There is no such file of the widget.", "Load /widget.js again.")
        lasting = ", immutable" if seconds == _YEAR_SECONDS else ""
        sent = {**headers, "ETag": asset.tag, "Vary": "Accept-Encoding"}
        sent["Cache-Control"] = f"public, max-age={seconds}{lasting}"
        if request.headers.get("if-none-match") == asset.tag:
            return Response(b"", status_code=304, headers=sent)
        packs = "gzip" in request.headers.get("accept-encoding", "")
        if packs:
            sent["Content-Encoding"] = "gzip"
        return Response(asset.packed if packs else asset.plain, media_type=asset.media_type, headers=sent)


def asset_routes(assets: WidgetAssets, *, demo: bool, media_url: str) -> list[HTTPRouteHandler]:
    """Return the routes of the widget's files; with `demo` also a page that carries it.

    Args:
        assets: What is served.
        demo: Serve /widget/demo.
        media_url: Where calls connect, for the demo page's policy.
    """

    @get("/widget.js", include_in_schema=False)
    async def loader(request: AnyRequest) -> Response[bytes]:
        return assets.answer(request, LOADER, _SAFE, _FIVE_MINUTES_SECONDS)

    @get("/widget/{version:str}/{name:str}", include_in_schema=False)
    async def file(request: AnyRequest, version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
        if demo and version == "demo" and name in DEMO_FILES:
            return assets.answer(request, name, _SAFE, 0)
        known = version == assets.version and name not in {LOADER, *DEMO_FILES}
        return assets.answer(request, name if known else "", _SAFE, _YEAR_SECONDS)

    @get("/widget/demo", include_in_schema=False)
    async def page(request: AnyRequest) -> Response[bytes]:
        policy = DEMO_POLICY.format(media=media_url)
        return assets.answer(request, DEMO, {**_SAFE, "Content-Security-Policy": policy}, 0)

    return [loader, file, page] if demo else [loader, file]


def _packed(name: str, content: bytes) -> Asset:
    """Return a file packed so that the same content gives the same bytes."""
    packed = gzip.compress(content, 9, mtime=0)
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    return Asset(content, packed, _TYPES[Path(name).suffix], tag)
