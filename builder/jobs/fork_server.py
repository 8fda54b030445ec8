"""The fork server: ``python -m builder.jobs.fork_server DESCRIPTOR``; see ``builder.workers``.

It has imported what workers need, which takes seconds. Nothing of TensorFlow may run in it: the threads of
TensorFlow would not live on in a copy.
"""

from __future__ import annotations

import gc
import socket
import sys

import builder.export.convert
import builder.export.verify
import builder.jobs.tasks
import builder.jobs.worker
import builder.truth.worker  # noqa: F401
from builder.workers.copying import ForkServer, run


def main(descriptor: int) -> None:
    """Serve the owner at the other end of a socket; a copy of this process runs what it was made for."""
    # Left alone when garbage is looked for, so that copies share it.
    gc.collect()
    gc.freeze()
    request = ForkServer(socket.socket(fileno=descriptor)).serve()
    if request is not None:
        run(request)


if __name__ == "__main__":
    main(int(sys.argv[1]))
