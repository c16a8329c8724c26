"""Tests that run in real time wait for the others, and hold them up meanwhile."""

import os
import threading
from pathlib import Path

import pytest

from tests import turns

WAIT_SECONDS = 60


class Worker:
    """A test of another worker: begins when it is its turn, ends when told."""

    def __init__(self, folder: Path, *, alone: bool) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, kwargs={"folder": folder, "alone": alone}, daemon=True)
        self._thread.start()

    def _run(self, *, folder: Path, alone: bool) -> None:
        with turns.turn(folder, alone=alone):
            self.began.set()
            self.may_end.wait(WAIT_SECONDS)

    def end(self) -> None:
        self.may_end.set()
        self._thread.join(WAIT_SECONDS)


def test_ordinary_tests_run_side_by_side(tmp_path: Path) -> None:
    workers = [Worker(tmp_path, alone=False), Worker(tmp_path, alone=False)]
    assert all(worker.began.wait(WAIT_SECONDS) for worker in workers)
    for worker in workers:
        worker.end()


def test_a_test_in_real_time_waits_for_the_one_that_runs_and_goes_before_the_next(tmp_path: Path) -> None:
    running = Worker(tmp_path, alone=False)
    assert running.began.wait(WAIT_SECONDS)
    alone = Worker(tmp_path, alone=True)
    assert not alone.began.wait(0.2)
    following = Worker(tmp_path, alone=False)
    running.end()
    assert alone.began.wait(WAIT_SECONDS)
    assert not following.began.wait(0.2)
    alone.end()
    assert following.began.wait(WAIT_SECONDS)
    following.end()


def test_a_worker_takes_its_makers_folder_and_tells_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(turns.FOLDER, str(tmp_path))
    with turns.shared(worker=True) as folder:
        assert folder == tmp_path
        assert turns.FOLDER not in os.environ, "a run started by a test would wait for that test"
