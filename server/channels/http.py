"""Call a platform over HTTP, and say by what came back whether the call may be made again."""

from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Final

import httpx

from server.broker.ports.channels import SendError, SendProblem
from server.retry_after import retry_after as read_retry_after
from server.wire.version import USER_AGENT

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0
_GATEWAY_GAVE_UP: Final = frozenset({502, 504})
"""The platform's own gateway lost its patience: what stood behind it may have done the work."""


class Http:
    """The way to one platform; its address comes from `[channels.NAME] api_base`."""

    def __init__(
        self,
        api_base: str,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        wait: Callable[[httpx.Response], float | None] | None = None,
    ) -> None:
        """Call addresses below `api_base`.

        Args:
            api_base: Such as https://slack.com/api, without a slash at its end.
            headers: Sent with each call, such as the authorisation.
            transport: For tests: the way to the network; None is httpx's own.
            wait: Reads from a 429 how many seconds to wait; by default what Retry-After says.
        """
        self._wait: Final = wait or retry_after
        self.api_base: Final = api_base.rstrip("/")
        self._client: Final = httpx.AsyncClient(
            headers={"user-agent": USER_AGENT, **(headers or {})},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    @property
    def client(self) -> httpx.AsyncClient:
        """For streams, uploads and other addresses of the same platform."""
        return self._client

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Make one call and return the answer, whatever its status below 500 but 429.

        Raises:
            SendError: RETRY: nothing reached the platform, or it failed; UNKNOWN_OUTCOME: it may have done it;
                RATE_LIMIT: with what Retry-After says.
        """
        address = path if path.startswith(("https://", "http://")) else f"{self.api_base}{path}"
        try:
            answer = await self._client.request(
                method,
                address,
                json=json,
                content=content,
                data=data,
                files=files,
                params=params,
                headers=headers,
                extensions=dict(extensions or {}),
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise SendError(SendProblem.RETRY, f"The platform cannot be reached ({type(error).__name__}).") from error
        except httpx.HTTPError as error:
            raise SendError(SendProblem.UNKNOWN_OUTCOME, f"No whole answer came ({type(error).__name__}).") from error
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise SendError(
                SendProblem.RATE_LIMIT,
                "The platform asks us to go slower.",
                retry_after_seconds=self._wait(answer),
            )
        if answer.status_code in _GATEWAY_GAVE_UP:
            raise SendError(SendProblem.UNKNOWN_OUTCOME, f"The platform's gateway answered {answer.status_code}.")
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise SendError(SendProblem.RETRY, f"The platform answered {answer.status_code}.")
        return answer

    async def stream(
        self, url: str, address: str = "", *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[bytes]:
        """Yield the bytes of a file; redirections are not followed.

        Args:
            url: Of the file, or a path below `api_base`.
            address: To connect to in place of what the name of the host leads to; empty: whatever it leads to.
            headers: Such as an authorisation.

        Raises:
            SendError: GONE: it is not there any more; AUTH: we may not read it; RETRY: later, perhaps.
        """
        whole = httpx.URL(url if url.startswith(("https://", "http://")) else f"{self.api_base}{url}")
        sent = {**(headers or {}), **({"host": whole.netloc.decode("ascii")} if address else {})}
        extensions = {"sni_hostname": whole.host} if address else {}
        target = whole.copy_with(host=address) if address else whole
        try:
            async with self._client.stream("GET", target, headers=sent, extensions=extensions) as answer:
                if not answer.is_success:
                    raise _no_file(answer.status_code)
                async for piece in answer.aiter_bytes():
                    yield piece
        except httpx.HTTPError as error:
            raise SendError(SendProblem.RETRY, f"The file cannot be read ({type(error).__name__}).") from error
        except httpx.InvalidURL as error:
            raise SendError(SendProblem.INVALID, "The file's address is none.") from error


def _no_file(status: int) -> SendError:
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return SendError(SendProblem.GONE, "The platform does not keep the file any more.")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return SendError(SendProblem.AUTH, "The platform does not let us read the file.")
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SendError(SendProblem.RETRY, f"The platform answered {status}.")
    return SendError(SendProblem.INVALID, f"The platform answered {status}.")


def retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds that Retry-After names; None when it names none, a date, or a day and more."""
    seconds = read_retry_after(answer.headers.get("retry-after", ""))
    return seconds if seconds is not None and seconds < 86_400 else None
