"""Call a vendor that carries notices, and say by what came back whether a later attempt may help."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeVar

import httpx
import msgspec

from server.core.errors import ProviderError
from server.retry_after import retry_after as read_retry_after
from server.wire.sanitize import clean_line
from server.wire.version import USER_AGENT

T = TypeVar("T")

Transport = Callable[[], httpx.AsyncBaseTransport | None]
"""The way to the network; None is httpx's own."""
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
MOST_WAIT_SECONDS: Final = 3600.0


def the_network() -> httpx.AsyncBaseTransport | None:
    """Return httpx's own way."""
    return None


class Vendor:
    """One vendor's address; a client lives for one call, because notices are rare."""

    def __init__(self, name: str, api_base: str, transport: Transport = the_network) -> None:
        """Call addresses below `api_base`; `name` is for people."""
        self.name: Final = name
        self.api_base: Final = api_base.rstrip("/")
        self._transport: Final = transport

    async def post(
        self,
        path: str,
        *,
        json: object = None,
        data: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        method: str = "POST",
    ) -> httpx.Response:
        """Post once and return the answer, whatever its status below 500 but 429.

        Raises:
            ProviderError: `notice_unreachable`, `notice_slow_down` or `notice_failed`: all may be tried again.
        """
        address = path if path.startswith(("https://", "http://")) else f"{self.api_base}{path}"
        try:
            async with httpx.AsyncClient(
                headers={"user-agent": USER_AGENT},
                timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
                transport=self._transport(),
                follow_redirects=False,
                trust_env=False,
            ) as client:
                answer = await client.request(
                    method,
                    address,
                    json=json,
                    data=data,
                    content=content,
                    headers=headers,
                    auth=auth or httpx.USE_CLIENT_DEFAULT,
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderError("notice_unreachable", f"{self.name} gave no answer: {type(error).__name__}.") from error
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise ProviderError(
                "notice_slow_down",
                f"{self.name} asks us to go slower.",
                retry_after_seconds=retry_after(answer.headers.get("retry-after", "")),
            )
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ProviderError("notice_failed", f"{self.name} answered {answer.status_code}.")
        return answer

    def refused(self, why: str, *, retryable: bool = False) -> ProviderError:
        """Return the refusal of a notice, in the vendor's words."""
        return ProviderError("notice_refused", f"{self.name} refuses: {clean_line(why, 200)}.", retryable=retryable)


def retry_after(text: str) -> float | None:
    """Return the seconds that Retry-After names, an hour at most; None when it names none, a date, or nonsense."""
    seconds = read_retry_after(text)
    return None if seconds is None else min(seconds, MOST_WAIT_SECONDS)


def read(answer: httpx.Response, shape: type[T]) -> T | None:
    """Return an answer's JSON in this shape; None when it is something else, such as a web page."""
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except (msgspec.DecodeError, RecursionError):
        return None
