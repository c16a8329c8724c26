"""Make, at the first start, the secrets that an installation has of its own, and read them at the next."""

import os
import stat
from pathlib import Path

from server import ids
from server.core.errors import CallerError
from server.places import ADMIN_TOKEN, LINK_KEY


def admin_token(data_dir: Path) -> str:
    """Return the administrator's token of this installation, making one when there is none.

    Raises:
        CallerError: `admin_token_exposed` when others can read the file.
    """
    path = data_dir / ADMIN_TOKEN
    token = _made_once(path, f"ad_{ids.new_secret()}")
    if token is None:
        raise CallerError("admin_token_exposed", f"{path} can be read by others.", f"chmod 600 {path}")
    return token


def link_key(data_dir: Path) -> bytes:
    """Return what signs the links of notices, making it when there is none.

    Raises:
        CallerError: `link_key_exposed` when others can read the file.
    """
    path = data_dir / LINK_KEY
    key = _made_once(path, ids.new_secret())
    if key is None:
        raise CallerError("link_key_exposed", f"{path} can be read by others.", f"chmod 600 {path}")
    return key.encode()


def _made_once(path: Path, fresh: str) -> str | None:
    """Return the secret in a file, `fresh` where there was no file yet; None when others can read it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return None if stat.S_IMODE(path.stat().st_mode) & 0o077 else path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(fresh + "\n")
    return fresh
