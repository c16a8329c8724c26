"""Write what Google Chat tells an app: the example events of its documents, with words of ours."""

from typing import Any

CHAT, PROJECT = "chat@system.gserviceaccount.com", "1234567890"
IZUMI = {
    "name": "users/12345678901234567890", "displayName": "Izumi", "avatarUrl": "https://lh3.googleusercontent.com/x",
    "email": "izumi@example.com", "type": "HUMAN",
}  # fmt: skip
DIRECT = {"name": "spaces/DM1", "type": "DM", "spaceType": "DIRECT_MESSAGE", "singleUserBotDm": True}
ROOM = {"name": "spaces/AAA", "type": "ROOM", "spaceType": "SPACE", "displayName": "Help"}


def message_event(text: str, number: int = 1, *, space: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return the event of somebody's message."""
    space = space or DIRECT
    name = f"{space['name']}/messages/m{number:04d}.m{number:04d}"
    said = {
        "name": name, "sender": IZUMI, "createTime": f"2026-01-01T12:{number % 60:02d}:00.910959Z", "text": text,
        "argumentText": text, "thread": {"name": f"{space['name']}/threads/T1"}, "space": space,
    }  # fmt: skip
    return event("MESSAGE", space=space, message={**said, **more})


def event(kind: str, **more: Any) -> dict[str, Any]:
    """Return an event of any kind."""
    common = {"userLocale": "en", "hostApp": "CHAT"}
    return {"type": kind, "eventTime": "2026-01-01T12:00:01.910959Z", "user": IZUMI, "common": common, **more}
