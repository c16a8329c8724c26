"""Rules of setting up: one command, nothing done twice, and a machine that lacks something is told the line for it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import set_up
from tests import needs
from tests.architecture.source_tree import ROOT

pytestmark = pytest.mark.unit

LOCK = """\
pyaudio==0.2.14 \\
    --hash=sha256:aa
setuptools==80.0 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a .venv that was made, and locks for this Python."""
    version = "{}{}".format(*sys.version_info[:2])
    for name in ("run", "dev", "pyaudio"):
        lock = tmp_path / "requirements" / f"py{version}" / f"{name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text(LOCK)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("version = {}.{}.1\n".format(*sys.version_info[:2]))
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    monkeypatch.setattr(set_up, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(set_up, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(set_up, "has_pip", lambda: True)
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What pip was asked to do; it does nothing and succeeds."""
    calls: list[list[str]] = []
    monkeypatch.setattr(set_up, "pip", lambda step: calls.append(step) is None)
    return calls


def install(monkeypatch: pytest.MonkeyPatch, wanted: str) -> int:
    monkeypatch.setattr(sys, "argv", ["set_up.py", wanted])
    return set_up.main()


@pytest.mark.usefixtures("project")
def test_pinned_versions_are_installed_by_hash_and_only_once(
    monkeypatch: pytest.MonkeyPatch, asked: list[list[str]]
) -> None:
    assert install(monkeypatch, "run") == 0
    pinned, itself = asked
    assert "--require-hashes" in pinned
    assert pinned[-1].endswith("run.lock")
    assert "--editable" in itself
    asked.clear()
    assert install(monkeypatch, "run") == 0
    assert asked == []


@pytest.mark.parametrize("changed", ["requirements", "pyproject.toml"])
def test_a_change_of_the_pins_or_the_project_installs_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, asked: list[list[str]], changed: str
) -> None:
    install(monkeypatch, "run")
    asked.clear()
    paths = [project / changed] if (project / changed).is_file() else list((project / changed).rglob("run.lock"))
    for path in paths:
        path.write_text(path.read_text() + "\n# newer\n")
    install(monkeypatch, "run")
    assert asked


@pytest.mark.usefixtures("project")
def test_an_installation_that_failed_is_not_taken_for_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(set_up, "pip", lambda _step: False)
    assert install(monkeypatch, "run") == 1
    assert "Is the network there?" in capsys.readouterr().err
    calls: list[list[str]] = []
    monkeypatch.setattr(set_up, "pip", lambda step: calls.append(step) is None)
    assert install(monkeypatch, "run") == 0
    assert calls


@pytest.mark.usefixtures("project")
def test_pyaudios_build_tools_come_before_it(monkeypatch: pytest.MonkeyPatch, asked: list[list[str]]) -> None:
    assert install(monkeypatch, "pyaudio") == 0
    tools, everything = (Path(step[-1]).read_text() for step in asked)
    assert "pyaudio" not in tools
    assert tools.count("--hash") == 2
    assert everything == LOCK


def test_a_python_without_pins_gets_the_newest_versions_and_is_told_so(
    project: Path, monkeypatch: pytest.MonkeyPatch, asked: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(project / "requirements")
    assert install(monkeypatch, "dev") == 0
    assert asked == [["install", "--editable", f"{project}[dev]"]]
    assert "There are no pinned versions" in capsys.readouterr().out


def test_a_machine_without_python_is_told_the_line_that_installs_it() -> None:
    done = subprocess.run(
        ["make", "venv", "PYTHONS=no-such-python"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode != 0
    assert "apt-get install -y python3 python3-venv" in done.stderr


def test_make_system_installs_every_package_that_a_skip_names() -> None:
    script = (ROOT / "scripts/install_system.sh").read_text(encoding="utf-8")
    packages = set(re.search(r'packages="([^"]*)"', script)[1].split())  # type: ignore[index]
    for part in (value for value in vars(needs).values() if isinstance(value, needs.Need)):
        for line in re.findall(r"apt-get install -y ([\w\- ]+)", part.install):
            assert set(line.split()) <= packages, part.component


def test_ci_runs_what_a_developer_runs_and_takes_no_unlisted_skip() -> None:
    script = ROOT / ".ci/run"
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    text = script.read_text(encoding="utf-8")
    assert "export OPERATOR_NO_SKIPS=1" in text
    checked = re.search(r"for one in ([\w -]+); do", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert checked is not None
    for target in ("system", "test", *checked[1].split()):
        assert re.search(rf"make --no-print-directory {target}$", text, re.MULTILINE), target
    assert os.access(script, os.X_OK)
