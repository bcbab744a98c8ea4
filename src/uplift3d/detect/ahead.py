"""Do the next item's work while this one is used: decoding runs in a thread beside the detector."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def read_ahead(items: Iterable[T], depth: int = 2) -> Iterator[T]:
    """Yield the items in order, fetching up to `depth` of them in advance in another thread.

    An exception of the source is raised here, after the items before it. Leaving early stops the thread.
    """
    ready: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def offer(more: bool, item: T | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put((more, item), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def fetch() -> None:
        try:
            for item in items:
                if not offer(True, item):
                    return
            offer(False, None)
        except BaseException as error:  # whatever it is, it belongs to the thread that reads
            offer(False, error)

    thread = threading.Thread(target=fetch, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            more, item = ready.get()
            if isinstance(item, BaseException) and not more:
                raise item
            if not more:
                return
            yield item  # type: ignore[misc]  # an item of the source
    finally:
        stop.set()
        thread.join()
