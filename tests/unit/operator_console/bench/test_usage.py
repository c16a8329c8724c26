"""What a process costs, read from the system; a process that is gone costs nothing that can be told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from operator_console.bench.usage import children, cpu_seconds, memory_mb, share

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc: run on Linux"),
]


def test_processor_time_and_memory_of_this_process_agree_with_the_systems_own_figures() -> None:
    used = os.times()
    told = cpu_seconds(os.getpid())
    assert told is not None
    assert told == pytest.approx(used.user + used.system, abs=0.5)
    memory = memory_mb(os.getpid())
    assert memory is not None
    assert 5 < memory < 5_000


def test_a_child_is_found_and_a_process_that_is_gone_has_no_figures() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.pid in children(os.getpid())
    child.communicate(b"\n")
    assert cpu_seconds(child.pid) is None
    assert memory_mb(child.pid) is None
    assert children(child.pid) == ()


def test_a_share_is_a_percentage_of_one_core_and_needs_both_readings() -> None:
    assert share(1.0, 2.5, 10.0) == 15.0
    assert share(None, 2.5, 10.0) is None
    assert share(1.0, None, 10.0) is None
