"""Put a follow-up into a Google calendar, as an event of half an hour that has the same id at each attempt.

Source: Calendar API v3, `events.insert` and `events.update`
(https://developers.google.com/workspace/calendar/api/v3/reference/events).
"""

import base64
import hashlib
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import httpx
import msgspec
from typing_extensions import override

from server.broker.ports.notices import Destination, Notice
from server.clock import Clock
from server.core.errors import ProviderError
from server.notices.calendar_file import LENGTH
from server.notices.content import headline, rows
from server.notices.google_token import GoogleToken
from server.notices.vendor import Transport, Vendor, read, the_network
from server.secret_files import SecretText
from server.wire.sanitize import clean_line
from server.wire.terms import SessionId

API_BASE: Final = "https://www.googleapis.com/calendar/v3"
SCOPE: Final = "https://www.googleapis.com/auth/calendar.events"
SUMMARY_CHARS: Final = 300
DESCRIPTION_CHARS: Final = 8000
_NOT_NOW: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "backendError"})


class _Reason(msgspec.Struct, frozen=True):
    reason: str = ""


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    errors: tuple[_Reason, ...] = ()


class _Refusal(msgspec.Struct, frozen=True):
    error: _Error = _Error()


class _Kept(msgspec.Struct, frozen=True):
    id: str = ""
    status: str = ""


class GoogleCalendar(Destination):
    """One calendar."""

    def __init__(
        self,
        calendar: str,
        key_file: SecretText,
        clock: Clock,
        *,
        api_base: str = API_BASE,
        transport: Transport = the_network,
    ) -> None:
        """Write into `calendar` (its id, such as an address) as whom the key file names.

        Raises:
            ValueError: the file holds no key; the sentence says where to get one.
        """
        self._vendor: Final = Vendor("Google Calendar", api_base, transport)
        self._events: Final = f"/calendars/{quote(calendar, safe='@.')}/events"
        self._token: Final = GoogleToken(key_file, SCOPE, self._vendor, clock)

    @override
    async def send(self, notice: Notice) -> str:
        """Put the follow-up there, or bring the event that is there in line; nothing where nothing is to be done."""
        event = event_of(notice)
        if event is None:
            return ""
        answer = await self._call(self._events, event, "POST")
        if answer.status_code == HTTPStatus.CONFLICT:
            answer = await self._call(f"{self._events}/{event['id']}", event, "PUT")
        kept = read(answer, _Kept)
        if not answer.is_success or kept is None or kept.id != event["id"]:
            raise self._refusal(answer)
        return ""

    async def _call(self, path: str, event: dict[str, object], method: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {await self._token.token()}"}
        answer = await self._vendor.post(path, json=event, headers=headers, method=method)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._token.forget()
        return answer

    def _refusal(self, answer: httpx.Response) -> ProviderError:
        found = (read(answer, _Refusal) or _Refusal()).error
        why = clean_line(found.message, 160) or f"it answered {answer.status_code} without the event"
        later = answer.status_code == HTTPStatus.UNAUTHORIZED or any(one.reason in _NOT_NOW for one in found.errors)
        return self._vendor.refused(why, retryable=later)


def event_id(session_id: SessionId) -> str:
    """Return the event's id: base32hex without padding, as Google wants those that are chosen by others."""
    digest = hashlib.sha256(f"{session_id}-follow-up".encode()).digest()
    return base64.b32hexencode(digest).decode().lower().rstrip("=")


def event_of(notice: Notice) -> dict[str, object] | None:
    """Return the follow-up of a closed handoff as an event; None when nothing is to be done."""
    session = notice.session
    if not (session.outcome and session.follow_up and session.follow_up_at) or session.follow_up_done_at:
        return None
    lines = [headline(notice), *(f"{name}: {text}" for name, text in rows(notice))]
    return {
        "id": event_id(session.id),
        "status": "confirmed",
        "summary": clean_line(f"{session.number}: {session.follow_up}", SUMMARY_CHARS),
        # Google shows a description as HTML: what customers said is text.
        "description": "\n".join(_as_text(line) for line in lines)[:DESCRIPTION_CHARS],
        "start": {"dateTime": _at(session.follow_up_at)},
        "end": {"dateTime": _at(session.follow_up_at + LENGTH)},
        "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]},
        "extendedProperties": {"private": {"handoff": session.number}},
    }


def _as_text(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
