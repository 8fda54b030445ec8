"""A worker that tells where it runs, and then does what its arguments say.

``wait`` waits to be ended, ``echo`` answers its input, ``exit CODE`` ends so, ``fail`` raises, ``ask`` tells
what a worker of its own tells.
"""

import json
import os
import subprocess
import sys
import threading

facts = {
    "folder": os.getcwd(),
    "word": os.environ.get("KERABLOCKS_WORD"),
    "process": os.getpid(),
    "parent": os.getppid(),
    "session": os.getsid(0),
    "tensorflow": "tensorflow" in sys.modules,
}
sys.stdout.write(json.dumps(facts) + "\n")
sys.stdout.flush()
match sys.argv[1:]:
    case ["wait"]:
        threading.Event().wait()
    case ["echo"]:
        sys.stdout.write(sys.stdin.read() + "\n")
    case ["exit", code]:
        sys.exit(int(code))
    case ["fail"]:
        raise RuntimeError("as it was asked to")
    case ["ask"]:
        from builder.workers import launching

        inner = launching.start("telling_worker", [], os.environ, stdout=subprocess.PIPE)
        assert inner.stdout is not None
        sys.stdout.write(inner.stdout.read().decode())
        sys.exit(inner.wait())
