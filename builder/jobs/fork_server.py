"""The fork server: ``python -m builder.jobs.fork_server DESCRIPTOR``; see ``builder.workers``.

It has imported what workers need, which takes seconds. Nothing of TensorFlow may run in it: the threads of
TensorFlow would not live on in a copy.
"""

from __future__ import annotations

import gc
import socket
import sys

import tensorflow as tf

import builder.export.convert
import builder.export.verify
import builder.jobs.tasks
import builder.jobs.worker
import builder.truth.worker  # noqa: F401
from builder.workers.copying import ForkServer, run


def main(descriptor: int) -> None:
    """Serve the owner at the other end of a socket; a copy of this process runs what it was made for."""
    _check_not_started()
    # Left alone when garbage is looked for, so that copies share it.
    gc.collect()
    gc.freeze()
    request = ForkServer(socket.socket(fileno=descriptor)).serve()
    if request is not None:
        run(request)


def _check_not_started() -> None:
    """Make sure that TensorFlow has no threads yet.

    Raises:
        RuntimeError: where something ran when it was imported. The process that asks then starts others anew.
    """
    usual = tf.config.threading.get_inter_op_parallelism_threads()
    # TensorFlow refuses a change once it has started.
    tf.config.threading.set_inter_op_parallelism_threads(usual + 1)
    tf.config.threading.set_inter_op_parallelism_threads(usual)


if __name__ == "__main__":
    main(int(sys.argv[1]))
