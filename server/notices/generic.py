"""Hand notices to Apprise (the extra `apprise`), which knows some hundred services by their addresses.

Apprise blocks and keeps no times: each notice is sent in a thread of its own, and given up after a while. What it
says of a failure is yes or no, so every failure is tried again. Where its address leads is the administrator's word:
Apprise resolves and connects by itself, so the guard of our webhooks does not apply; docs/notices.md says so.

Source: https://github.com/caronc/apprise (BSD-2-Clause).
"""

import asyncio
import logging
import warnings
from typing import Final, Protocol, cast

import apprise
from typing_extensions import override

from server.broker.ports.notices import Destination, Notice
from server.core.errors import ProviderError
from server.notices.content import body, headline
from server.secret_files import SecretText

SEND_SECONDS: Final = 25.0
BODY_CHARS: Final = 3000
_OF_THIS_MACHINE: Final = frozenset(
    {"dbus", "file", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
)


class _Services(Protocol):
    """What we use of `apprise.Apprise`, whose own types are partly unknown."""

    def add(self, services: str) -> bool: ...

    def notify(self, body: str, title: str, *, body_format: apprise.NotifyFormat) -> bool | None: ...


class Generic(Destination):
    """One or more services, each by an address of Apprise's; a notice counts as accepted when all take it."""

    def __init__(self, addresses: SecretText) -> None:
        """Read addresses, one a line; lines with # are remarks.

        Raises:
            ValueError: there is none, or Apprise does not know one of them; the sentence never holds the address.
        """
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines hold addresses with their passwords
        asset = apprise.AppriseAsset(app_id="operator-server", async_mode=False, secure_logging=True, plugin_paths=[])
        self._services: Final = cast("_Services", apprise.Apprise(asset=asset))
        lines = [line.strip() for line in addresses.reveal().splitlines()]
        wanted = [line for line in lines if line and not line.startswith("#")]
        if not wanted:
            raise ValueError("it holds no address, such as ntfy://topic")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of its plugins, which it loads with the first address
            for number, line in enumerate(wanted, 1):
                self._add(number, line)

    def _add(self, number: int, line: str) -> None:
        if line.partition("://")[0].lower() in _OF_THIS_MACHINE:
            raise ValueError(f"address {number} tells this machine and nobody outside")
        if not self._services.add(line):
            raise ValueError(f"Apprise does not know address {number}: see its list of services")

    @override
    async def send(self, notice: Notice) -> str:
        """Hand it over; nothing can be changed later."""
        text = body(notice)[:BODY_CHARS]
        sending = asyncio.to_thread(
            self._services.notify, text, headline(notice), body_format=apprise.NotifyFormat.TEXT
        )
        try:
            async with asyncio.timeout(SEND_SECONDS):
                taken = await sending
        except TimeoutError as error:
            raise ProviderError("notice_timed_out", f"No answer in {SEND_SECONDS:g} s.") from error
        if not taken:
            raise ProviderError("notice_failed", "Apprise could not hand it over.")
        return ""
