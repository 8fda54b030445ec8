"""Small tasks for the engine's tests: they fail in every way that real ones can."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from builder.errors import BuilderError, Problem, Repair


def warm() -> None:
    """Nothing has to be imported."""


def infer(**arguments: Any) -> dict[str, Any]:
    """Give the arguments back, from the lane for shapes."""
    return arguments


def double(array: np.ndarray) -> np.ndarray:
    return array * 2


def process() -> int:
    return os.getpid()


def environment(name: str) -> str | None:
    return os.environ.get(name)


def main_file() -> str:
    return str(sys.modules["__main__"].__file__)


def speak() -> str:
    os.write(1, b"a library prints straight to standard output\n")
    return "heard"


def refuse() -> None:
    repair = Repair("Add a Flatten", ({"op": "remove_node", "id": "dense"},))
    raise BuilderError([Problem("bad_shape", "Dense needs a vector.", block="dense", repair=repair)])


def fail() -> None:
    raise ZeroDivisionError("a secret detail")


def unsendable() -> Any:
    return lambda: None


def exhaust() -> None:
    raise MemoryError


def die(code: int) -> None:
    os._exit(code)


def hang(marker: str) -> None:
    Path(marker).write_text(str(os.getpid()))
    time.sleep(600)


def export() -> int:
    """Tell the process, from the lane for slow tasks."""
    return os.getpid()


TASKS = {
    task.__name__: task
    for task in (
        infer,
        double,
        process,
        environment,
        main_file,
        speak,
        refuse,
        fail,
        unsendable,
        exhaust,
        die,
        hang,
        export,
    )
}
