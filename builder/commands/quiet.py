"""What TensorFlow's libraries write to standard error while they are loaded, at any level of logging."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_TENSORFLOW = "tensorflow"
_STANDARD_ERROR = 2


def load_tensorflow_quietly() -> None:
    """Hold back what is written to standard error while TensorFlow is imported, unless that fails."""
    if sys.stderr is not None and _TENSORFLOW not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Stands before the other finders for the one import of TensorFlow."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _TENSORFLOW:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(_TENSORFLOW)
        if spec is not None and spec.loader is not None:
            _hold_back(spec.loader)
        return spec


def _hold_back(loader: Any) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        with _held_back():
            execute(module)

    loader.exec_module = exec_module


@contextmanager
def _held_back() -> Iterator[None]:
    sys.stderr.flush()
    shown = os.dup(_STANDARD_ERROR)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), _STANDARD_ERROR)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(shown, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, _STANDARD_ERROR)
            os.close(shown)
