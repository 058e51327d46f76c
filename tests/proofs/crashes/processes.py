"""Children that die for real."""

import os
import warnings
from collections.abc import Callable

from django.db import connections

KILLED_BY_THE_FAKE_PROVIDER = 137
RETURNED = 0
RAISED = 1


def run_in_child(call: Callable[[], object]) -> int:
    """Run a call in a forked process and return that process's exit status. Connections aren't shared with it."""
    connections.close_all()
    with warnings.catch_warnings():
        # The child does nothing but the call and leaves without cleaning up, so other threads' locks don't matter.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            call()
        except BaseException:
            os._exit(RAISED)
        os._exit(RETURNED)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
