import threading
import time
from typing import Any

import pytest

from uplift3d.detect.ahead import read_ahead


def test_items_come_in_order():
    assert list(read_ahead(range(100), depth=3)) == list(range(100))


def test_nothing():
    assert list(read_ahead([])) == []


def test_exceptions_may_be_items():
    error = ValueError("an item")
    assert list(read_ahead([error])) == [error]


def test_the_source_works_in_another_thread_and_only_so_far_ahead():
    fetched, threads = [], set()

    def source():
        for item in range(20):
            fetched.append(item)
            threads.add(threading.get_ident())
            yield item

    items: Any = read_ahead(source(), depth=2)
    assert next(items) == 0
    time.sleep(0.05)
    assert 2 <= len(fetched) <= 4  # one used, two waiting, one that waits for room
    assert threads == threads - {threading.get_ident()}
    items.close()


def test_an_exception_arrives_after_the_items_before_it():
    def source():
        yield 1
        raise RuntimeError("broken")

    items = read_ahead(source())
    assert next(items) == 1
    with pytest.raises(RuntimeError, match="broken"):
        next(items)


def test_leaving_early_stops_the_thread():
    before = threading.active_count()
    items: Any = read_ahead(iter(int, 1))  # endless zeros
    next(items)
    items.close()
    assert threading.active_count() == before
