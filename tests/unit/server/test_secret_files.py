"""Rules of secrets: only from private files, never in a text by accident."""

import os
from pathlib import Path

import pytest

from server.secret_files import SecretFileError, SecretText, read_secret, restrict_new_files

pytestmark = pytest.mark.unit


def private(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_private_file_gives_its_secret_without_white_space(tmp_path: Path) -> None:
    assert read_secret(private(tmp_path / "token", b"  s3cr3t\n")).reveal() == "s3cr3t"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "token", b"s3cr3t", mode)
    with pytest.raises(SecretFileError, match=f"chmod 600 {path}") as refusal:
        read_secret(path)
    assert "s3cr3t" not in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"x" * 5000, "longer than"), (b"\xff\xfe", "not text")],
)
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(SecretFileError, match=reason):
        read_secret(private(tmp_path / "token", content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match=r"absent cannot be read: No such file"):
        read_secret(tmp_path / "absent")


def test_a_secret_does_not_show_itself() -> None:
    secret = SecretText("s3cr3t")
    assert "s3cr3t" not in f"{secret} {secret!r} {[secret]}"
    assert secret == SecretText("s3cr3t")
    assert secret != SecretText("other")
    assert len({secret, SecretText("s3cr3t")}) == 1


def test_an_empty_secret_is_none_at_all() -> None:
    with pytest.raises(ValueError, match="empty"):
        SecretText("")


def test_files_made_afterwards_are_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        restrict_new_files()
        (tmp_path / "new").write_text("x")
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    finally:
        os.umask(before)
