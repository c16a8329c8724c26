"""Speak with Google Chat: an HTTP endpoint in, the Chat API out.

Source: https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create. The part's key is
both the request's id and the message's own: the same part is one message, however often it is sent. An app cannot send
files: Google wants a person's consent for uploads.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import httpx

from server.broker.ports.channels import (
    Answer,
    ChannelEvent,
    Incoming,
    Limits,
    Part,
    RemoteFile,
    SendError,
    SendProblem,
)
from server.channel_settings.google_chat import GoogleChatSettings
from server.channels.google_events import DRIVE, events_of, space_and_thread
from server.channels.http import Http
from server.channels.reading import decoded, list_at, text_at
from server.channels.setup import Setup

if TYPE_CHECKING:
    from server.channels.google_proof import Proof
    from server.channels.google_tokens import ServiceAccount

LIMITS: Final = Limits(longest=4096, edits=True, keyed=True, per_account_a_second=40)
"""A message may have 32,000 bytes in all, and people read 4,096 characters; one message a second and space."""
IN_THREAD: Final = "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
NOTHING_TO_SAY: Final = Answer(body=b"{}", media_type="application/json")
"""What Chat is answered; it would show anything else as a message, or as a failure."""
_PLAIN: Final = re.compile(r"[a-z0-9-]{1,56}")
_NAME: Final = re.compile(r"spaces/[^/]+/messages/[^/]+")
_WEB_PAGE: Final = "Google's address answered with a web page. Check api_base, and what stands between here and Google."
_BY_STATUS: Final = {
    400: (SendProblem.INVALID, "Google Chat does not take it"),
    401: (SendProblem.AUTH, "Google refuses the service account's token"),
    403: (SendProblem.BLOCKED, "The app may not write there: it is not in the space, or was blocked"),
    404: (SendProblem.GONE, "There is no such space or message any more"),
}
_NOT_SET_UP: Final = frozenset({"SERVICE_DISABLED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "CONSUMER_INVALID"})


class GoogleChat:
    """One Chat app."""

    def __init__(
        self,
        *,
        http: Http,
        account: "ServiceAccount",
        proof: "Proof",
    ) -> None:
        """Speak as the app of this service account.

        Args:
            http: The way to the Chat API.
            account: Whose token is used.
            proof: What tells Google's requests from others.
        """
        self._http: Final = http
        self._account: Final = account
        self._proof: Final = proof

    @property
    def limits(self) -> Limits:
        """What Google Chat allows apps."""
        return LIMITS

    @property
    def kept(self) -> Answer:
        """What Chat gets back once its request is kept."""
        return NOTHING_TO_SAY

    async def prepare(self, incoming: Incoming) -> None:
        """Have the key at hand with which the request's proof was signed."""
        await self._proof.prepare(incoming)

    def challenge(self, incoming: Incoming) -> Answer | None:
        """Google does not ask."""
        del incoming
        return None

    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Check the bearer token; it covers neither body nor repeats, which are told by the events' keys."""
        self._proof.check(incoming, now)

    def parse(self, incoming: Incoming) -> Sequence[ChannelEvent]:
        """Read one event."""
        return events_of(incoming.body)

    async def send(self, part: Part) -> str:
        """Post one message into its thread and return its name."""
        if part.file is not None:
            raise SendError(SendProblem.INVALID, "Google lets no app send files; send a link.")
        space, thread = space_and_thread(part.chat)
        message_id = message_id_of(part.key)
        query = {"requestId": part.key, "messageId": message_id}
        body: dict[str, object] = {"text": part.text}
        if thread:
            query["messageReplyOption"] = IN_THREAD
            body["thread"] = {"name": thread}
        answer = await self._call("POST", f"/v1/{space}/messages", query=query, json=body)
        if answer.status_code == HTTPStatus.CONFLICT:
            return f"{space}/messages/{message_id}"  # it was sent before, under this very id
        name = text_at(_answered(answer), "name")
        if not name:
            raise SendError(SendProblem.UNKNOWN_OUTCOME, "Google took the message, but did not say under which name.")
        return name

    async def edit(self, chat: str, message_id: str, text: str) -> None:
        """Change a message, or take it back."""
        if not _NAME.fullmatch(message_id):
            raise SendError(SendProblem.INVALID, "That is no message of Google Chat.")
        if text:
            answer = await self._call("PATCH", f"/v1/{message_id}", query={"updateMask": "text"}, json={"text": text})
        else:
            answer = await self._call("DELETE", f"/v1/{message_id}")
        _answered(answer)

    async def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes.

        Raises:
            SendError: it cannot be read now, or never: what lies in the sender's Drive is theirs.
        """
        if file.handle.startswith(DRIVE) or "://" in file.handle or ".." in file.handle:
            raise SendError(SendProblem.INVALID, "The file lies in the customer's Google Drive. Ask them to upload it.")
        headers = {"authorization": f"Bearer {await self._account.token()}"}
        async for piece in self._http.stream(f"/v1/media/{file.handle}?alt=media", headers=headers):
            yield piece

    async def health(self) -> str:
        """Get a token and Google's keys, and ask for a space."""
        try:
            await self._proof.refresh()
            _answered(await self._call("GET", "/v1/spaces", query={"pageSize": "1"}))
        except SendError as error:
            return error.message
        return ""

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
        await self._proof.close()

    async def _call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, json: object = None
    ) -> httpx.Response:
        """Make one call, again with a new token where the old one is refused before its time.

        Raises:
            SendError: as `Http.call`.
        """
        token = await self._account.token()
        answer = await self._http.call(method, path, params=query, json=json, headers=_bearer(token))
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._account.forget(token)
            token = await self._account.token()
            answer = await self._http.call(method, path, params=query, json=json, headers=_bearer(token))
        return answer


def message_id_of(key: str) -> str:
    """Return a part's key as the message's own id: `client-`, small letters, digits and hyphens, at most 63."""
    return f"client-{key if _PLAIN.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:40]}"


def reason_of(found: object) -> str:
    """Return Google's own word for a failure, the most exact one it has."""
    details = [text_at(one, "reason") for one in list_at(found, "error", "details")]
    return next((one for one in details if one), "") or text_at(found, "error", "status")


def make(settings: GoogleChatSettings, setup: Setup) -> GoogleChat:
    """Return the channel of one section.

    Raises:
        ConfigError: the key is missing or is none, or PyJWT is not installed.
    """
    if find_spec("jwt") is None or find_spec("cryptography") is None:
        raise setup.wrong("kind", 'needs PyJWT: pip install "operator-console[google-chat]"')
    # An extra, and a quarter of a second to import.
    from server.channels.google_proof import Proof  # noqa: PLC0415
    from server.channels.google_tokens import ServiceAccount  # noqa: PLC0415

    why = "it is what the app speaks with"
    key_file = setup.secret("service_account_file", settings.service_account_file, why)
    http = Http(settings.api_base, transport=setup.transport)
    try:
        account = ServiceAccount(key_file, http, setup.clock)
    except ValueError as error:
        raise setup.wrong("service_account_file", str(error)) from error
    keys = Http(settings.keys_base, transport=setup.transport)
    return GoogleChat(http=http, account=account, proof=Proof(keys, settings.audience or setup.address, setup.clock))


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _answered(answer: httpx.Response) -> object:
    """Return the JSON of an answer.

    Raises:
        SendError: by the status and Google's reason; AUTH for a web page; UNKNOWN_OUTCOME for half an answer.
    """
    found = decoded(answer.content)
    if answer.is_success and found is not None:
        return found
    reason = reason_of(found)
    if reason in _NOT_SET_UP:
        raise SendError(SendProblem.AUTH, f"The Chat API is not set up for this app ({reason}).")
    known = _BY_STATUS.get(answer.status_code)
    if known is not None:
        raise SendError(known[0], f"{known[1]} ({reason or answer.status_code}).")
    if answer.is_redirect or "text/html" in answer.headers.get("content-type", "").lower():
        raise SendError(SendProblem.AUTH, _WEB_PAGE)
    problem = SendProblem.UNKNOWN_OUTCOME if answer.is_success else SendProblem.INVALID
    raise SendError(problem, f"Google answered {answer.status_code}, but nothing that can be read.")
