"""Which process works on an operation, and whether that process is known to be dead.

A lease says how long to wait for a process that nobody can see. One that ran on this machine can be seen: when it is
gone, its operations need not wait. Elsewhere (another machine or container, no `/proc`) only the lease counts.
"""

import os
from functools import cache
from pathlib import Path
from socket import gethostname

PROC = Path("/proc")
_START_TIME = 19
"""Position of `starttime` in /proc/{pid}/stat after the command's name (proc_pid_stat(5))."""


def identity() -> str:
    """Return what identifies this process among all that ever ran; empty where that can't be known."""
    return _identity(os.getpid())


def is_gone(worker: str) -> bool:
    """Say whether a process is known to run no more. False when in doubt."""
    place, _, process = worker.rpartition(" ")
    if not worker or place != _place():
        return False
    pid, _, start_time = process.partition("@")
    try:
        return _start_time(int(pid)) != start_time
    except (FileNotFoundError, ProcessLookupError):
        return True
    except OSError:
        return False


@cache
def _identity(pid: int) -> str:
    place = _place()
    try:
        return f"{place} {pid}@{_start_time(pid)}" if place else ""
    except OSError:
        return ""


@cache
def _place() -> str:
    """One boot of one machine, the namespace its process ids are valid in, and the user who can surely see them."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{gethostname()} {boot} {os.readlink(PROC / 'self/ns/pid')} {os.geteuid()}"
    except OSError:
        return ""


def _start_time(pid: int) -> str:
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[_START_TIME]
