"""Carry files to and from Slack.

Source: https://docs.slack.dev/messaging/working-with-files. Out: an address is asked for, the bytes go there, and the
last call makes the file seen; what fails before that has sent nothing. In: `url_private` needs the bot's token, which
is shown to Slack's own hosts alone; without the scope `files:read` the answer is a login page under HTTP 200.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final, TypeAlias
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from server.broker.ports.channels import OutgoingFile, RemoteFile, SendError, SendProblem
from server.channels.http import Http, retry_after
from server.channels.reading import at, text_at
from server.channels.slack_answers import is_web_page

Call: TypeAlias = Callable[[str, Mapping[str, str]], Awaitable[object]]
"""Calls a method of the Web API with a form."""
MOST_REDIRECTS: Final = 3
TOO_MANY: Final = 429
_NOT_READABLE: Final = "Slack shows its login page in place of the file: the app needs the scope files:read."


class Uploads:
    """The way of files out."""

    def __init__(self, http: Http, call: Call) -> None:
        """Upload with `http`; `call` speaks with the Web API."""
        self._http: Final = http
        self._call: Final = call

    async def share(self, file: OutgoingFile, channel: str, thread: str, caption: str) -> str:
        """Show a file in a conversation and return its id.

        Raises:
            SendError: UNKNOWN_OUTCOME only where the file may have been seen.
        """
        try:
            form = {"filename": file.name, "length": str(len(file.content))}
            place = await self._call("files.getUploadURLExternal", form)
            file_id = text_at(place, "file_id")
            await self._put(text_at(place, "upload_url"), file)
        except SendError as error:
            if error.problem is SendProblem.UNKNOWN_OUTCOME:
                raise SendError(SendProblem.RETRY, error.message) from error
            raise
        shown = msgspec.json.encode([{"id": file_id, "title": file.name}]).decode()
        form = {"files": shown, "channel_id": channel}
        form |= {"thread_ts": thread} if thread else {}
        form |= {"initial_comment": caption} if caption else {}
        await self._call("files.completeUploadExternal", form)
        return file_id

    async def _put(self, address: str, file: OutgoingFile) -> None:
        if not address.startswith(("https://", "http://")):
            raise SendError(SendProblem.RETRY, "Slack names no place for the file.")
        headers = {"content-type": file.media_type or "application/octet-stream"}
        answer = await self._http.call("POST", address, content=file.content, headers=headers)
        if not answer.is_success or is_web_page(answer):
            raise SendError(SendProblem.RETRY, f"Slack did not take the file's bytes ({answer.status_code}).")


async def downloaded(http: Http, bot: Mapping[str, str], file: RemoteFile, call: Call) -> AsyncIterator[bytes]:
    """Yield a file's bytes; a handle that is no address is a file's id, which is looked up first.

    Raises:
        SendError: as `Fetches.fetch` says.
    """
    address = file.handle
    if not address.startswith(("https://", "http://")):
        found = at(await call("files.info", {"file": address}), "file")
        address = text_at(found, "url_private_download") or text_at(found, "url_private")
    for _ in range(MOST_REDIRECTS + 1):
        if not _is_slacks(address, http.api_base):
            raise SendError(SendProblem.INVALID, "The file does not lie with Slack; the token is not shown elsewhere.")
        try:
            async with http.client.stream("GET", address, headers=bot) as answer:
                if answer.has_redirect_location:
                    address = urljoin(address, answer.headers["location"])
                    continue
                _check(answer, file)
                async for chunk in answer.aiter_bytes():
                    yield chunk
                return
        except httpx.HTTPError as error:
            raise SendError(SendProblem.RETRY, f"The file did not come whole ({type(error).__name__}).") from error
    raise SendError(SendProblem.AUTH, _NOT_READABLE)


def _check(answer: httpx.Response, file: RemoteFile) -> None:
    """Refuse everything but the file itself.

    Raises:
        SendError: what came is something else.
    """
    status = answer.status_code
    if status == TOO_MANY or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        message = f"Slack does not give the file now ({status})."
        raise SendError(SendProblem.RETRY, message, retry_after_seconds=retry_after(answer))
    if status in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
        raise SendError(SendProblem.GONE, "The file is no longer with Slack.")
    page = is_web_page(answer) and "content-disposition" not in answer.headers
    if page or status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise SendError(SendProblem.AUTH, _NOT_READABLE)
    if not answer.is_success:
        raise SendError(SendProblem.INVALID, f"Slack answered {status} in place of {file.name or 'the file'}.")


def _is_slacks(address: str, api_base: str) -> bool:
    """Tell whether the token may be shown to an address: Slack's own hosts, or the configured one."""
    parts, ours = urlsplit(address), urlsplit(api_base)
    if (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc):
        return True
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))
