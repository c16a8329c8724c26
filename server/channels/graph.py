"""Call Meta's Graph API, and say by the error's **code** what to do next; the wording of its messages changes.

Sources: developers.facebook.com/docs/graph-api/guides/error-handling, /docs/messenger-platform/error-codes,
/docs/whatsapp/cloud-api/support/error-codes. Nothing of what Graph sends can be sent twice safely: it knows no key.
"""

from collections.abc import Mapping
from typing import Final

import httpx

from server.broker.ports.channels import SendError, SendProblem
from server.channels.http import Http, retry_after
from server.channels.meta_words import code_at, is_object
from server.channels.reading import at, decoded, is_set, list_at, number_at, text_at
from server.secret_files import SecretText
from server.wire.sanitize import clean_line

ANOTHER_APP_HAS_IT: Final = 2018300
"""Subcode: the thread belongs to another app, such as Meta's inbox; nothing went out."""

_SUBCODES: Final[Mapping[int, SendProblem]] = {
    2018278: SendProblem.WINDOW,
    2018065: SendProblem.WINDOW,
    2534022: SendProblem.WINDOW,
    1545041: SendProblem.BLOCKED,
    2018108: SendProblem.BLOCKED,
    2018001: SendProblem.GONE,
    33: SendProblem.AUTH,  # of code 100: no such object for this token
}
"""More exact than the code they come with."""
_CODES: Final[Mapping[int, SendProblem]] = {
    **dict.fromkeys((1, 2, 1200, 131000, 131016, 131057, 133004), SendProblem.RETRY),
    **dict.fromkeys((4, 17, 32, 341, 613, 130429, 131048, 131056, 131064), SendProblem.RATE_LIMIT),
    **dict.fromkeys((0, 3, 10, 102, 104, 190, 368), SendProblem.AUTH),
    **dict.fromkeys((131005, 131031, 131037, 131042, 131045, 133010), SendProblem.AUTH),
    131047: SendProblem.WINDOW,
    **dict.fromkeys((551, 130497, 131050), SendProblem.BLOCKED),
    131026: SendProblem.GONE,
}
"""What is not in here, and in no range below, is INVALID: 100, 131008, 131009, 131021, 131051, 131053, 132000..."""
_RANGES: Final = ((range(200, 300), SendProblem.AUTH), (range(80_000, 80_100), SendProblem.RATE_LIMIT))
"""Permissions that are missing; limits of a business use case."""
_SENTENCES: Final[Mapping[SendProblem, str]] = {
    SendProblem.RETRY: "Meta could not do it now",
    SendProblem.RATE_LIMIT: "Meta asks us to go slower",
    SendProblem.WINDOW: "Too long since the customer's last message",
    SendProblem.AUTH: "Meta does not let this account send",
    SendProblem.BLOCKED: "The customer cannot get messages from this account now",
    SendProblem.GONE: "Meta cannot deliver to this customer",
    SendProblem.INVALID: "Meta does not take this message",
    SendProblem.UNKNOWN_OUTCOME: "Nobody knows whether Meta took it",
}
_LONGEST_TITLE: Final = 160


class GraphError(SendError):
    """What Graph refused, with its own numbers."""

    def __init__(self, problem: SendProblem, message: str, *, subcode: int, retry_after_seconds: float | None) -> None:
        """Keep what a SendError keeps, and the subcode."""
        super().__init__(problem, message, retry_after_seconds=retry_after_seconds)
        self.subcode: Final = subcode


class Graph:
    """The Graph API for one token, which goes to no other place."""

    def __init__(self, http: Http, token: SecretText) -> None:
        """Call through `http`, signed on with `token`."""
        self._http: Final = http
        self._token: Final = token

    @property
    def authorization(self) -> Mapping[str, str]:
        """The header that signs a call on; for addresses of Meta alone."""
        return {"authorization": f"Bearer {self._token.reveal()}"}

    async def get(self, path: str, **params: str) -> object:
        """Read an object.

        Raises:
            SendError: by the error's code.
        """
        return read(await self._http.call("GET", path, params=params, headers=self.authorization))

    async def post(self, path: str, body: Mapping[str, object]) -> object:
        """Do something, with JSON.

        Raises:
            SendError: by the error's code; UNKNOWN_OUTCOME when no answer of Graph came.
        """
        return read(await self._http.call("POST", path, json=body, headers=self.authorization))

    async def upload(self, path: str, fields: Mapping[str, str], name: str, file: tuple[str, bytes, str]) -> object:
        """Bring a file to Meta, where nobody sees it until a message names it.

        Raises:
            SendError: by the error's code; never UNKNOWN_OUTCOME, because bringing it twice harms nobody.
        """
        try:
            answer = await self._http.call("POST", path, data=fields, files={name: file}, headers=self.authorization)
            return read(answer)
        except SendError as error:
            if error.problem is SendProblem.UNKNOWN_OUTCOME:
                raise SendError(SendProblem.RETRY, "The file was not brought to Meta.") from error
            raise


def read(answer: httpx.Response) -> object:
    """Return what Graph answered.

    Raises:
        SendError: it refused; or what came is not Graph's.
    """
    body = decoded(answer.content)
    error = at(body, "error")
    if is_object(error):
        raise refusal(error, answer)
    if answer.is_success and is_object(body):
        return body
    if answer.is_success:
        raise SendError(SendProblem.UNKNOWN_OUTCOME, "What answered is not Meta's Graph API: look at api_base.")
    signed_on = answer.status_code not in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
    problem = SendProblem.INVALID if signed_on else SendProblem.AUTH
    raise SendError(problem, f"{_SENTENCES[problem]} (HTTP {answer.status_code}, without a reason).")


def refusal(error: object, answer: httpx.Response) -> GraphError:
    """Return the failure that an `error` object means."""
    code = code_at(error, "code")
    subcode = code_at(error, "error_subcode")
    problem = problem_of(code, subcode, transient=is_set(error, "is_transient"))
    return GraphError(
        problem,
        reason(error, problem),
        subcode=subcode,
        retry_after_seconds=retry_after(answer) or wait_seconds(answer.headers),
    )


def problem_of(code: int, subcode: int, *, transient: bool = False) -> SendProblem:
    """Return what to do next about an error."""
    if subcode in _SUBCODES:
        return _SUBCODES[subcode]
    if code in _CODES:
        return _CODES[code]
    for codes, problem in _RANGES:
        if code in codes:
            return problem
    return SendProblem.RETRY if transient else SendProblem.INVALID


def reason(error: object, problem: SendProblem) -> str:
    """Return one sentence on an `error` object: what it means, Meta's number for it and its own words."""
    code, subcode = text_at(error, "code"), text_at(error, "error_subcode")
    details = text_at(error, "error_data", "details")
    title = details or text_at(error, "message") or text_at(error, "title")
    number = f"{code}/{subcode}" if subcode else code or "no code"
    words = f": {clean_line(title, _LONGEST_TITLE)}" if title else ""
    return f"{_SENTENCES[problem]} (Meta {number}{words})."


def wait_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until a limit ends, as `X-Business-Use-Case-Usage` tells; None when it does not."""
    usage = decoded(headers.get("x-business-use-case-usage", "").encode())
    minutes = [
        found
        for account in (usage if is_object(usage) else {})
        for limit in list_at(usage, account)
        if (found := number_at(limit, "estimated_time_to_regain_access"))
    ]
    return min(max(minutes), 24 * 60) * 60.0 if minutes else None
