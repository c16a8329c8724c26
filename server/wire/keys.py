"""Show credentials: a token once, as it is made; afterwards only that there is one."""

from datetime import datetime

from server.wire.view import View


class NewToken(View, frozen=True, kw_only=True):
    """A credential just made: the only time that its token is shown."""

    id: str
    name: str
    token: str


class KeyView(View, frozen=True, kw_only=True):
    """An assistant's key, without its token; `handoff` says that it may ask for people."""

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None = None
    handoff: bool = True
