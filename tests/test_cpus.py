import os

import pytest

from uplift3d import cpus


@pytest.mark.parametrize(
    ("share", "wanted"), [("1", 1), ("3", 3), ("64", 4), ("0", 4), ("", 4), ("two", 4), ("4,2", 4)]
)
def test_no_more_than_the_share_that_a_scheduler_gives(monkeypatch, share, wanted):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 4, 6}, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", share)
    assert cpus.available() == wanted


def test_all_that_the_system_leaves_where_nobody_says_more(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert cpus.available() == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpus.available() == 1
