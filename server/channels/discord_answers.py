"""Read what Discord's REST API answers.

Source: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json.
"""

from typing import Final

import httpx

from server.broker.ports.channels import SendError, SendProblem
from server.channels.http import retry_after
from server.channels.reading import at, decoded, text_at

_UNREADABLE: Final = (
    "Discord's address answered with no JSON. Check api_base, and what stands between here and Discord."
)
_BY_CODE: Final = {
    "50007": (SendProblem.BLOCKED, "The customer takes no direct messages of the bot"),
    "50278": (SendProblem.BLOCKED, "The customer shares no server with the bot"),
    "50001": (SendProblem.GONE, "The bot may not see that channel any more"),
    "50013": (SendProblem.BLOCKED, "The bot may not write in that channel"),
    "50083": (SendProblem.GONE, "The thread is archived"),
    "10003": (SendProblem.GONE, "There is no such channel any more"),
    "10008": (SendProblem.GONE, "There is no such message any more"),
    "40001": (SendProblem.AUTH, "Discord refuses the bot's token"),
    "40002": (SendProblem.AUTH, "Discord wants the account to be verified"),
    "40005": (SendProblem.INVALID, "The file is too large for Discord"),
    "20022": (SendProblem.RATE_LIMIT, "The channel takes no more messages now"),
    "20028": (SendProblem.RATE_LIMIT, "The channel takes no more messages now"),
    "40062": (SendProblem.RATE_LIMIT, "Discord asks us to go slower"),
}
_BY_STATUS: Final = {
    401: (SendProblem.AUTH, "Discord refuses the bot's token"),
    403: (SendProblem.BLOCKED, "Discord does not allow it"),
    404: (SendProblem.GONE, "It is not there any more"),
    413: (SendProblem.INVALID, "It is too large for Discord"),
}


def answered(answer: httpx.Response) -> object:
    """Return the JSON of an answer; None where Discord has nothing to say (204).

    Raises:
        SendError: by Discord's code, else by the status; AUTH for a web page; UNKNOWN_OUTCOME for half an answer.
    """
    if answer.status_code == httpx.codes.NO_CONTENT.value:
        return None
    found = decoded(answer.content)
    if answer.is_success and found is not None:
        return found
    code = text_at(found, "code")
    known = _BY_CODE.get(code) or _BY_STATUS.get(answer.status_code)
    if known is not None:
        raise SendError(known[0], f"{known[1]} ({code or answer.status_code}).")
    if found is None and (answer.is_success or answer.is_redirect):
        page = answer.is_redirect or "text/html" in answer.headers.get("content-type", "").lower()
        raise SendError(SendProblem.AUTH if page else SendProblem.UNKNOWN_OUTCOME, _UNREADABLE)
    raise SendError(SendProblem.INVALID, f"Discord does not take it ({code or answer.status_code}).")


def wait_of(answer: httpx.Response) -> float | None:
    """Return the seconds that a 429 names: exact in its body, else whole ones in Retry-After."""
    seconds = at(decoded(answer.content), "retry_after")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < 86_400:
        return float(seconds)
    return retry_after(answer)
