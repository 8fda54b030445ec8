"""Layers that are only looked at: made as Keras makes them, but with no memory for their weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras.src.backend.common import global_state

# Keras keeps the variables of a scope that does not initialize them in this list, for good, and gives memory
# to all of them when any later scope ends that does. A process that looks at many models would run out of it.
_WAITING = "uninitialized_variables"


@contextmanager
def without_weights() -> Iterator[None]:
    """Make layers and models whose weights have shapes but never any memory."""
    waiting = list(global_state.get_global_attribute(_WAITING, []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(_WAITING, waiting)
