"""Models of all kinds as opened files give them, for the tests of generated scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import keras

from builder.blocks.weightless import without_weights
from builder.graph import Graph
from builder.importer.opening import open_config

# The importer's tests have the models with everything in them.
sys.path.append(str(Path(__file__).parent.parent / "importer"))

from saved_models import frozen_base, many_ways, masked, sequential_inside  # noqa: E402 (see above)

__all__ = ["frozen_base", "many_ways", "masked", "named_like_an_operation", "opened", "sequential_inside"]


def named_like_an_operation() -> keras.Model:
    """Return a model with a layer that has a name as Keras gives them to new sums."""
    entry = keras.Input((4,))
    return keras.Model(entry, keras.layers.Dense(2, name="add_9999")(entry + 1.0))


def opened(make: Callable[[], keras.Model]) -> Graph:
    """Return a model as blocks, by way of its configuration."""
    with without_weights():
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(make())))
    return open_config(config, "model.keras").graph
