"""Rules of the wheel: whoever installs it gets both programs with all their data, the licence, and nothing else."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from server.wire.version import VERSION
from tests import needs
from tests.architecture.source_tree import PROGRAMS, ROOT, files, name

HATCHLING = needs.Need("hatchling", "make venv-dev", lambda: importlib.util.find_spec("hatchling") is not None)
pytestmark = [pytest.mark.integration, needs.mark(HATCHLING)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_both_programs(wheel: Path) -> None:
    wanted = {name(path) for path in files() if name(path).split("/")[0] in PROGRAMS}
    assert wanted - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_the_wheel_holds_the_licence_and_nothing_that_is_not_installed(wheel: Path) -> None:
    inside = zipfile.ZipFile(wheel).namelist()
    assert any(one.endswith("licenses/LICENSE") for one in inside)
    assert {one.split("/")[0] for one in inside} == {*PROGRAMS, f"operator_console-{VERSION}.dist-info"}


def test_both_programs_start_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for module in PROGRAMS:
        command = [sys.executable, "-m", module, "--version"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
        assert done.stdout.strip().endswith(VERSION), done.stdout + done.stderr
