"""A process that runs a file in TensorFlow Lite Micro: ``python -m builder.truth.micro_worker FILE``.

The interpreter writes its arena's allocations to the native standard error, which only another process
can read; and a model that it does not understand may end the process.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tflite_micro.python.tflite_micro import runtime

# Room enough for any model that could fit a microcontroller a hundred times over.
_ARENA_BYTES = 64_000_000


def main() -> None:
    """Load the file, answer once, and let the interpreter tell its arena."""
    content = Path(sys.argv[1]).read_bytes()
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=max(_ARENA_BYTES, 10 * len(content)))
    interpreter.invoke()
    interpreter.print_allocations()


if __name__ == "__main__":
    main()
