"""Check the requests that we make against a vendor's OpenAPI document."""

import json
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from tests import needs

pytest.importorskip("openapi_core", reason=needs.PEERS.skip)

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from typing_extensions import override
from werkzeug.datastructures import Headers, ImmutableMultiDict


class Recorder(httpx.AsyncHTTPTransport):
    """Goes to the network and keeps every request."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[httpx.Request] = []

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        return await super().handle_async_request(request)


class Contract:
    """One vendor's document; the requests' own server stands in for the vendor's."""

    def __init__(self, path: str, base: str) -> None:
        """Read `specs/PATH` of the data folder; `base` stands for the document's server, `http://host:port/path`."""
        folder = needs.data_folder()
        assert folder is not None
        document: dict[str, Any] = json.loads((folder / "specs" / path).read_text())
        document["servers"] = [{"url": base}]
        self._openapi = OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))  # type: ignore[arg-type] # the documents' examples are not valid

    def wrong(self, request: httpx.Request) -> str:
        """Return what is wrong with a request; empty when nothing is."""
        try:
            self._openapi.validate_request(_Request(request))
        except OpenAPIError as error:
            return f"{error}: {error.__cause__ or ''} {getattr(error.__cause__, 'schema_errors', '')}"
        return ""


class _Request:
    """An httpx request as openapi-core reads one."""

    def __init__(self, request: httpx.Request) -> None:
        url = request.url
        self.host_url = f"{url.scheme}://{url.netloc.decode()}"
        self.path = url.path
        self.method = request.method.lower()
        self.body = request.content or None
        self.content_type = request.headers.get("content-type", "application/json")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(url.query.decode())),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict(),
        )
