"""Rules of skipping: by name with the line that installs it; where the switch is set, only what one file lists."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs, skips

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = """
import pytest

@pytest.mark.skipif(True, reason="needs a modem: apt-get install -y modem")
def test_dial(): ...

def test_ring(): pytest.skip("needs a modem: apt-get install -y modem")

@pytest.mark.xfail(strict=True)
def test_known(): assert False
"""


def run(folder: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_modem.py").write_text(text)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.conftest",
            "-c",
            os.devnull,
            "--rootdir",
            str(folder),
            str(folder),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPERATOR_NO_SKIPS": "", **environment},
    )


def test_skipped_parts_are_listed_by_name_with_the_line_that_installs_them(tmp_path: Path) -> None:
    done = run(tmp_path, SKIPPED)
    assert done.returncode == 0
    assert "a modem: 2 tests skipped. To run them: apt-get install -y modem" in done.stdout


def test_under_the_switch_an_unlisted_skip_is_a_failure_and_an_expected_failure_is_not(tmp_path: Path) -> None:
    done = run(tmp_path, SKIPPED, OPERATOR_NO_SKIPS="1")
    assert done.returncode == 1
    assert "2 failed, 1 xfailed" in done.stdout or "1 failed, 1 xfailed, 1 error" in done.stdout
    assert "takes no skip that tests/ci_skips.toml does not name" in done.stdout


def test_under_the_switch_a_whole_file_may_not_be_skipped_either(tmp_path: Path) -> None:
    whole = 'import pytest\npytest.skip("needs a modem: x", allow_module_level=True)\n'
    assert run(tmp_path, whole).returncode in {0, 5}
    assert run(tmp_path, whole, OPERATOR_NO_SKIPS="1").returncode not in {0, 5}


def test_a_listed_skip_is_taken_and_only_that_one() -> None:
    listed = ["tests/e2e/test_modem.py::test_dial[*]", "tests/e2e/test_fax.py::*"]
    reason = "needs a modem: x"
    assert skips.refusal("tests/e2e/test_modem.py::test_dial[fast]", reason, listed) is None
    assert skips.refusal("tests/e2e/test_fax.py::test_send", reason, listed) is None
    assert skips.refusal("tests/e2e/test_modem.py::test_ring", reason, listed) is not None


def test_a_skip_without_its_install_line_is_told_so() -> None:
    assert "does not have the form" in str(skips.refusal("t", "not today", []))


def test_every_listed_skip_has_its_reason(tmp_path: Path) -> None:
    assert all(skips.listed().values())
    (tmp_path / "x.toml").write_text('[[skip]]\ntest = "tests/x.py"\n')
    with pytest.raises(ValueError, match="needs a test and a reason"):
        skips.listed(tmp_path / "x.toml")


def test_every_part_a_machine_may_lack_says_how_to_get_it() -> None:
    parts = [value for value in vars(needs).values() if isinstance(value, needs.Need)]
    assert len(parts) > 10
    for part in parts:
        assert skips.FORM.fullmatch(f"needs {part.component}: {part.install}"), part
