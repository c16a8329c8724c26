"""A mailbox of Dovecot's, and a mail server that takes answers and can fail in every way it should."""

import asyncio
import contextlib
import getpass
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "desk@example.com", "mailbox-password"
ANSWERS_WITHIN_SECONDS = 60.0


@dataclass
class Taker:
    """What the mail server does with what it is given.

    Attributes:
        answers: By address, or by `mail` and `data`: what is said in place of 250.
        taken: What was taken, oldest first.
        hangs_up: Closes the connection once it has everything, without an answer.
        hangs_up_after: Closes it once it has answered.
    """

    answers: dict[str, str] = field(default_factory=dict[str, str])
    taken: list[EmailMessage] = field(default_factory=list[EmailMessage])
    hangs_up: bool = False
    hangs_up_after: bool = False
    port: int = 0

    async def handle_MAIL(  # noqa: N802 - the server calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.answers.get("mail", "250 fine")

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 fine")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        answer = self.answers.get("data", "250 fine")
        if answer.startswith("250"):
            found = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(found, EmailMessage)
            self.taken.append(found)
        if self.hangs_up:
            assert server.transport is not None
            server.transport.abort()
        return answer

    async def handle_QUIT(self, server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        if self.hangs_up_after:
            assert server.transport is not None
            server.transport.abort()
        return "221 bye"


def _allowed(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=good)


@contextlib.asynccontextmanager
async def taker() -> AsyncIterator[Taker]:
    """Yield a mail server that wants to be signed on with."""
    box = Taker()
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that a password is asked for without TLS
            return SMTP(
                box,
                hostname="mail.example.com",
                loop=loop,
                authenticator=_allowed,
                auth_required=True,
                auth_require_tls=False,
            )

    server = await loop.create_server(connection, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


class Mailbox:
    """A mailbox that Dovecot keeps in a folder of the test's; mail is put into it as a mail server would."""

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        self.folder = folder
        self.port, self.tls_port = _free_port(), _free_port() if tls else 0
        self.certificate = folder / "cert.pem"
        self.problem = ""
        self._config = folder / "dovecot.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self._write_config()

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("dovecot")
        assert program is not None
        with (self.folder / "out").open("wb") as out:
            self._process = subprocess.Popen([program, "-F", "-c", str(self._config)], stdout=out, stderr=out)
        until = time.monotonic() + ANSWERS_WITHIN_SECONDS
        while True:
            try:
                self._signed_on().logout()
            except (OSError, imaplib.IMAP4.error) as error:
                self.problem = str(error)
                if time.monotonic() > until or self._process.poll() is not None:
                    raise AssertionError((self.folder / "out").read_text() + self.log() + self.problem) from None
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        """End it and all it started."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(ANSWERS_WITHIN_SECONDS)
            self._process = None

    def put(self, raw: bytes, folder: str = "INBOX") -> None:
        """Put a mail into the mailbox."""
        with self._signed_on() as client:
            answer, _ = client.append(folder, "", "", raw)
            assert answer == "OK"

    def remove_all(self) -> None:
        """Empty the mailbox."""
        with self._signed_on() as client:
            client.select("INBOX")
            client.store("1:*", "+FLAGS", "\\Deleted")
            client.expunge()

    def flags(self) -> list[bytes]:
        """Return the flags of every mail."""
        with self._signed_on() as client:
            client.select("INBOX", readonly=True)
            _, found = client.fetch("1:*", "(FLAGS)")
            return [one for one in found if isinstance(one, bytes)]

    def log(self) -> str:
        """Return what it wrote down."""
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def _signed_on(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=5)
        client.login(USER, PASSWORD)
        return client

    def _tls(self) -> str:
        """Return what Dovecot is told of TLS, with a certificate of its own making."""
        if not self.tls_port:
            return "ssl = no"
        key = self.folder / "key.pem"
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        names = [
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            str(key),
            "-out",
            str(self.certificate),
        ]
        subprocess.run([*made, *names], check=True, capture_output=True)
        return f"ssl = yes\nssl_cert = <{self.certificate}\nssl_key = <{key}"

    def _write_config(self) -> None:
        me = getpass.getuser()
        keeper = pwd.getpwnam("nobody" if os.geteuid() == 0 else me)  # Dovecot keeps no mail for root
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir(exist_ok=True)
        for path in (self.folder, self.folder / "mail"):
            if os.geteuid() == 0:
                shutil.chown(path, keeper.pw_uid, keeper.pw_gid)
        group = subprocess.run(["id", "-gn"], capture_output=True, check=True, text=True).stdout.strip()
        mine = f"default_internal_user = {me}\ndefault_internal_group = {group}\ndefault_login_user = {me}"
        users = "" if os.geteuid() == 0 else mine  # root has Debian's users for them
        self._config.write_text(f"""
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/log
protocols = imap
listen = 127.0.0.1
{self._tls()}
disable_plaintext_auth = no
{users}
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={keeper.pw_uid} gid={keeper.pw_gid} home={self.folder}
}}
mail_location = maildir:{self.folder}/mail
""")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def a_mailbox(*, tls: bool = False) -> Iterator[Mailbox]:
    """Run an empty mailbox."""
    with tempfile.TemporaryDirectory(prefix="mail", dir="/tmp") as name:  # the path of a socket must be short
        box = Mailbox(Path(name), tls=tls)
        try:
            box.start()
            yield box
        finally:
            box.stop()
