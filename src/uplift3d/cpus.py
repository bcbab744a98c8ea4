"""How many CPUs this process may use."""

import os


def available() -> int:
    """Those that the system leaves to it, and no more than OMP_NUM_THREADS says.

    In a container they are fewer than the machine has. Ray and cluster schedulers tell a process its share by
    that variable.
    """
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = os.environ.get("OMP_NUM_THREADS", "")
    return min(here, int(share)) if share.isdecimal() and int(share) > 0 else here
