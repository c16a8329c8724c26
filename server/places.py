"""Name the files that a broker keeps in its data_dir, for those who look for them."""

ADMIN_TOKEN = "admin.token"  # noqa: S105 - the name of a file, not a token
"""File in data_dir with the administrator's token, made at the first start; mode 600."""
CONTROL_SOCKET = "media.sock"
"""Unix socket in data_dir through which the media worker is commanded."""
SIP_SOCKET = "sip.sock"
"""Unix socket beside it through which the SIP engine is commanded."""
ADDRESS_FILE = "broker.json"
"""File in data_dir that says where the running broker listens; gone when none runs."""
FILES = "files"
"""Folder in data_dir with the bytes of files that messages carry."""
RULES = "rules"
"""Folder in data_dir with the rules that organisations added over the API."""
