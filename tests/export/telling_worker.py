"""A worker that tells where it runs, and waits to be ended where it is asked to."""

import json
import os
import sys
import threading

facts = {
    "folder": os.getcwd(),
    "word": os.environ.get("KERABLOCKS_WORD"),
    "process": os.getpid(),
    "parent": os.getppid(),
}
sys.stdout.write(json.dumps(facts) + "\n")
sys.stdout.flush()
if "wait" in sys.argv:
    threading.Event().wait()
