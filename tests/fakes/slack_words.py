"""Write what Slack's Events API tells of one workspace with one app."""

from typing import Any

BOT_USER, BOT_ID, APP_ID, TEAM = "U0BOT0001", "B0BOT0001", "A0APP0001", "T0TEAM001"


class SlackWords:
    """Makes events whose times go up."""

    def __init__(self) -> None:
        self._count = 0

    def event(self, event: dict[str, Any], event_id: str = "") -> dict[str, Any]:
        """Return the envelope that the Events API puts around an event."""
        self._count += 1
        return {
            "token": "",
            "team_id": TEAM,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": event_id or f"Ev{self._count:08d}",
            "event_time": 1_767_225_600 + self._count,
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}],
        }

    def message(self, text: str, *, channel: str = "D0DIRECT1", user: str = "U0ADA0001", **more: Any) -> dict[str, Any]:
        """Return the event of somebody's message."""
        self._count += 1
        at = f"{1_767_225_600 + self._count}.000100"
        kind = "im" if channel.startswith("D") else "channel"
        return {
            "type": "message",
            "channel": channel,
            "channel_type": kind,
            "user": user,
            "team": TEAM,
            "text": text,
            "ts": at,
            "event_ts": at,
            "client_msg_id": f"c{self._count}",
            **more,
        }
