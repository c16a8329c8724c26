"""Be Google Chat on this machine: its API, the token endpoint and the public keys; and sign requests as it does."""

import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest

from tests import needs

pytest.importorskip("aiohttp", reason=needs.PEERS.skip)
pytest.importorskip("jwt", reason=needs.PEERS.skip)

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.google_words import CHAT, PROJECT

GOOGLE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NEXT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ACCOUNT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ACCOUNT = "desk@project.iam.gserviceaccount.com"


def pem(key: rsa.RSAPrivateKey) -> str:
    """Return a private key as service accounts' files have it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def published(**keys: rsa.RSAPrivateKey) -> dict[str, Any]:
    """Return the public halves as Google publishes them."""
    return {"keys": [_jwk(name, key) for name, key in keys.items()]}


def _jwk(name: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return {**found, "kid": name, "alg": "RS256", "use": "sig"}


def certificate(key: rsa.RSAPrivateKey) -> str:
    """Return a self-signed certificate of a key: the form in which google-auth wants it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chat")])
    begins = datetime(2020, 1, 1)  # noqa: DTZ001 - certificates count in UTC
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(begins).not_valid_after(begins.replace(year=2040)).sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM).decode()


def proof(
    now: datetime, *, audience: str = PROJECT, key: rsa.RSAPrivateKey = GOOGLE_KEY, kid: str = "g1", **claims: Any
) -> str:
    """Return the token with which Google Chat proves itself."""
    issued = int(now.timestamp())
    said = {"iss": CHAT, "aud": audience, "iat": issued, "exp": issued + 3600} | claims
    return jwt.encode({name: one for name, one in said.items() if one is not None}, key, "RS256", {"kid": kid})


class GooglePlatform:
    """Spaces in which one app is, and what stands around them."""

    def __init__(self) -> None:
        self.url = ""
        self.keys = published(g1=GOOGLE_KEY)
        self.calls: list[tuple[str, str, dict[str, str], Any]] = []
        self.callers: list[str] = []
        self.faults: defaultdict[str, list[web.Response]] = defaultdict(list)
        self.messages: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.tokens: list[str] = []
        self.refused_tokens: set[str] = set()
        self.keys_asked = 0
        self._requests: dict[str, str] = {}
        self._count = 0

    def service_account(self, key: rsa.RSAPrivateKey = ACCOUNT_KEY) -> str:
        """Return the key file as Google's console downloads it, with this machine for Google's."""
        return json.dumps({
            "type": "service_account", "project_id": "project", "private_key_id": "k1", "private_key": pem(key),
            "client_email": ACCOUNT, "client_id": "1", "token_uri": f"{self.url}/token",
        })  # fmt: skip

    async def token(self, request: web.Request) -> web.Response:
        """Give a token for a JWT that the account signed."""
        form = await request.post()
        if self.faults["token"]:
            return self.faults["token"].pop(0)
        try:
            claims = jwt.decode(
                str(form["assertion"]), ACCOUNT_KEY.public_key(), algorithms=["RS256"], audience="https://oauth2.googleapis.com/token",
                options={"verify_exp": False, "verify_iat": False},
            )  # fmt: skip
        except jwt.PyJWTError as error:
            return web.json_response({"error": "invalid_grant", "error_description": str(error)}, status=400)
        right = form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" and claims["iss"] == ACCOUNT
        if (
            not right
            or claims["scope"] != "https://www.googleapis.com/auth/chat.bot"
            or claims["exp"] - claims["iat"] > 3600
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.tokens.append(f"ya29.{len(self.tokens) + 1}")
        return web.json_response({"access_token": self.tokens[-1], "expires_in": 3599, "token_type": "Bearer"})

    async def public_keys(self, _request: web.Request) -> web.Response:
        """Publish the keys."""
        self.keys_asked += 1
        return self.faults["keys"].pop(0) if self.faults["keys"] else web.json_response(self.keys)

    async def api(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, after the faults that were asked for."""
        method, path, query = request.method, request.path.removeprefix("/v1/"), dict(request.query)
        body = await request.json() if request.content_type == "application/json" and request.can_read_body else None
        self.calls.append((method, path, query, body))
        self.callers.append(request.headers.get("User-Agent", ""))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.faults[method]:
            return self.faults[method].pop(0)
        if token not in self.tokens or token in self.refused_tokens:
            return refused(401, "UNAUTHENTICATED")
        if path.startswith("media/"):
            content = self.files.get(path.removeprefix("media/"))
            return refused(404, "NOT_FOUND") if content is None else web.Response(body=content)
        if method == "POST":
            return self._create(path.removesuffix("/messages"), query, body)
        if method == "GET":
            return web.json_response({"spaces": []})
        if path not in self.messages:
            return refused(404, "NOT_FOUND")
        if method == "DELETE":
            del self.messages[path]
            return web.json_response({})
        self.messages[path] |= {"text": body["text"]}
        return web.json_response(self.messages[path])

    def _create(self, space: str, query: dict[str, str], body: Any) -> web.Response:
        if len(body.get("text", "").encode()) > 32_000 or not body.get("text"):
            return refused(400, "INVALID_ARGUMENT")
        if query.get("requestId") in self._requests:
            return web.json_response(self.messages[self._requests[query["requestId"]]])
        self._count += 1
        own = query.get("messageId")
        name = f"{space}/messages/{own or f'm{self._count}'}"
        if name in self.messages:
            return refused(409, "ALREADY_EXISTS")
        thread = (
            body.get("thread") if query.get("messageReplyOption") else {"name": f"{space}/threads/new{self._count}"}
        )
        self.messages[name] = {"name": name, "text": body["text"], "thread": thread, "createTime": _rfc(time.time())}
        self._requests[query.get("requestId", name)] = name
        return web.json_response(self.messages[name])

    def forget_requests(self) -> None:
        """Forget request ids, as Google does after a while; messages' own ids stay."""
        self._requests.clear()


def refused(status: int, word: str, reason: str = "", **headers: str) -> web.Response:
    """Return an answer that says no."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    error = {"code": status, "message": "No.", "status": word, "details": details}
    return web.json_response({"error": error}, status=status, headers=names)


def _rfc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@asynccontextmanager
async def google_platform() -> AsyncIterator[GooglePlatform]:
    """Run a fake Google on a free port of this machine."""
    google = GooglePlatform()
    app = web.Application()
    app.router.add_post("/token", google.token)
    app.router.add_get("/service_accounts/v1/jwk/{who}", google.public_keys)
    app.router.add_get("/oauth2/v3/certs", google.public_keys)
    app.router.add_route("*", "/v1/{path:.*}", google.api)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    google.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield google
    finally:
        await runner.cleanup()
