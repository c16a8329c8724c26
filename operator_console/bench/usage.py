"""Read what a process costs from `/proc`: processor time, memory, children. None where the system has no `/proc`."""

import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")


def cpu_seconds(pid: int) -> float | None:
    """Return the processor time a process has used, all its threads, in user and kernel (proc_pid_stat(5))."""
    stat = _read(_PROC / str(pid) / "stat")
    if stat is None:
        return None
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float | None:
    """Return the resident memory of a process in MB of 1,000,000 bytes (VmRSS of proc_pid_status(5))."""
    status = _read(_PROC / str(pid) / "status") or ""
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1_000_000
    return None


def children(pid: int) -> tuple[int, ...]:
    """Return the processes that a process started (proc_tid_children(5))."""
    listed = _read(_PROC / str(pid) / "task" / str(pid) / "children") or ""
    return tuple(int(child) for child in listed.split())


def share(before: float | None, after: float | None, seconds: float) -> float | None:
    """Return the percentage of one core that was used between two readings."""
    return None if before is None or after is None else 100 * (after - before) / seconds


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
