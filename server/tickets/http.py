"""Ask a ticket system over HTTP, and say by what came back whether it may be asked again."""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, TypeVar

import httpx
import msgspec

from server.broker.ports.tickets import TicketError
from server.retry_after import retry_after as read_retry_after
from server.secret_files import SecretText
from server.wire.version import USER_AGENT

T = TypeVar("T")

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0
MOST_BYTES: Final = 2_000_000
"""Longer answers are not read to their end."""
LONGEST_WAIT_SECONDS: Final = 86_400.0
_AGAIN: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.LOCKED, HTTPStatus.TOO_EARLY})
_NO_ENTRY: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def authorization(user: str, secret: SecretText) -> str:
    """Return the header's value: Basic with a user, Bearer without one."""
    if not user:
        return f"Bearer {secret.reveal()}"
    return "Basic " + base64.b64encode(f"{user}:{secret.reveal()}".encode()).decode()


class TicketHttp:
    """The way to one system; its address comes from `[tickets.NAME] api_base`."""

    def __init__(self, api_base: str, authorization: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Call addresses below `api_base`, without a slash at its end; `transport` is for tests."""
        self.api_base: Final = api_base.rstrip("/")
        self._client: Final = httpx.AsyncClient(
            headers={
                "accept": "application/json",
                "authorization": authorization,
                "user-agent": USER_AGENT,
            },
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        json: object = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        missing: T | None = None,
    ) -> T:
        """Make one call and return its answer, read as `answer`.

        Args:
            method: Of HTTP.
            path: Below `api_base`, with its leading slash.
            answer: The shape that the answer must have; fields that it does not name are left out.
            json: The body.
            params: The query.
            headers: More headers.
            missing: What to return for 404 and 410; None: they are errors like others.

        Raises:
            TicketError: anything but such an answer; `retryable` says whether later it may be another.
        """
        status, content, later = await self._ask(method, path, json, params, headers)
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} and missing is not None:
            return missing
        self._refuse(status, later)
        if status == HTTPStatus.NO_CONTENT:
            content = b"{}"
        try:
            return msgspec.json.decode(content, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TicketError(
                "ticket_answer_unreadable",
                f"The ticket system answered {status} with something else than was asked for.",
                "A login page, or a proxy in between? Check api_base and the account.",
            ) from error

    async def _ask(
        self,
        method: str,
        path: str,
        json: object,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> tuple[int, bytes, float | None]:
        """Return the status, the body's beginning, and the seconds that Retry-After names."""
        content = None if json is None else msgspec.json.encode(json)
        sent = {**(headers or {}), **({} if content is None else {"content-type": "application/json"})}
        try:
            async with self._client.stream(
                method, f"{self.api_base}{path}", content=content, params=params, headers=sent
            ) as found:
                pieces = bytearray()
                async for piece in found.aiter_bytes():
                    pieces += piece
                    if len(pieces) > MOST_BYTES:
                        break
                return found.status_code, bytes(pieces), retry_after(found)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TicketError(
                "ticket_system_unreachable", f"The ticket system gave no whole answer ({type(error).__name__})."
            ) from error

    @staticmethod
    def _refuse(status: int, later: float | None) -> None:
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise TicketError(
                "ticket_system_busy", "The ticket system asks us to go slower.", retry_after_seconds=later
            )
        if status in _NO_ENTRY:
            raise TicketError(
                "ticket_system_refused", f"The ticket system answered {status}.", "Check user and secret_file."
            )
        again = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status < HTTPStatus.BAD_REQUEST or status in _AGAIN
        raise TicketError(
            "ticket_refused", f"The ticket system answered {status}.", retryable=again, retry_after_seconds=later
        )


def retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds that Retry-After names, a day at most; None when it names none, or a date."""
    seconds = read_retry_after(answer.headers.get("retry-after", ""))
    return None if seconds is None else min(seconds, LONGEST_WAIT_SECONDS)


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, at most so many characters; what is left out is said."""
    if len(text) <= most:
        return text
    mark = "\n(cut: the rest is in the Operator Console)"
    return text[: most - len(mark)].rstrip() + mark
