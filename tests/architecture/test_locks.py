"""Rules of the lock files: exact versions with hashes, everything that is needed, and no address of anybody."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.architecture.source_tree import ROOT, name

pytestmark = pytest.mark.unit

LOCKS = sorted((ROOT / "requirements").glob("py*/*.lock"))
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)


def pins(lock: Path) -> dict[str, Version]:
    return {
        canonicalize_name(found["name"]): Version(found["version"])
        for found in PIN.finditer(lock.read_text(encoding="utf-8"))
    }


def wanted(extra: str = "") -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(line) for line in project["dependencies"] + project["optional-dependencies"].get(extra, [])]


def needed_on(requirement: Requirement, python: str) -> bool:
    version = f"{python[2]}.{python[3:]}"
    environment = {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": "linux"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


def test_there_is_a_set_of_locks_for_each_python() -> None:
    assert {name(lock) for lock in LOCKS} == {
        f"requirements/{python}/{kind}.lock"
        for python in ("py311", "py312", "py313")
        for kind in ("run", "dev", "pyaudio")
    }


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_a_lock_holds_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", text, re.MULTILINE)
    assert " @ " not in text


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_every_pin_has_hashes(lock: Path) -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for block in filter(str.strip, blocks):
        assert PIN.match(block), block.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block.splitlines()[0]


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock.stem != "pyaudio"], ids=name)
def test_a_lock_satisfies_what_the_project_asks_for(lock: Path) -> None:
    locked = pins(lock)
    for requirement in wanted("dev" if lock.stem == "dev" else ""):
        if needed_on(requirement, lock.parent.name):
            version = locked.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement}: run make lock"
            assert requirement.specifier.contains(version), f"{requirement} but {version} is locked: run make lock"


@pytest.mark.parametrize("python", ["py311", "py312", "py313"])
def test_tests_run_on_the_versions_that_are_shipped(python: str) -> None:
    run, dev = (pins(ROOT / "requirements" / python / f"{kind}.lock") for kind in ("run", "dev"))
    assert {package: dev.get(package) for package in run} == run
