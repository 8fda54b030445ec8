"""What the system gives a server: files for its connections, and what is said where they run out."""

from __future__ import annotations

import logging
import sys
import time

_NO_ROOM = "socket.accept() out of system resource"
_QUIET_SECONDS = 60.0


def take_all_files() -> None:
    """Raise the number of files, and so of connections, that the process may have open, as far as it may."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class RareRoomTrouble(logging.Filter):
    """Has the logger ``asyncio`` say once in a while that there is no room for a connection.

    By itself it says so thousands of times a second, which fills a disk.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last = -_QUIET_SECONDS

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is to be logged."""
        if not record.getMessage().startswith(_NO_ROOM):
            return True
        if time.monotonic() - self._last < _QUIET_SECONDS:
            return False
        self._last = time.monotonic()
        record.msg, record.args, record.exc_info = (
            "No further connection can be accepted: too many are open. They are closed where nothing comes.",
            (),
            None,
        )
        return True
