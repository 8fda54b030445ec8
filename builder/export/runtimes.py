"""Each runtime's way to load an export and to answer, one sample or many a call, one array an output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from builder.serving.model import in_order

Arrays = dict[str, np.ndarray]
Call = Callable[[Arrays], list[np.ndarray]]


def litert(file: Path) -> Call:
    """Return a function that runs a TFLite file on one sample, on one thread."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(file), num_threads=1)
    runner = interpreter.get_signature_runner()

    def call(arrays: Arrays) -> list[np.ndarray]:
        # The runner does not keep its interpreter alive; naming it here does.
        assert interpreter is not None
        return in_order(runner(**arrays))

    return call


def saved_model(folder: Path) -> Call:
    """Return a function that runs a SavedModel's endpoint for raw data, on one thread."""
    tensorflow = _single_thread()
    loaded = tensorflow.saved_model.load(str(folder))

    def call(arrays: Arrays) -> list[np.ndarray]:
        found = loaded.serve({name: tensorflow.constant(values) for name, values in arrays.items()})
        return [np.asarray(values) for values in in_order(found)]

    return call


def keras_file(file: Path) -> Call:
    """Return a function that runs a .keras file on raw data, on one thread."""
    tensorflow = _single_thread()
    import keras

    import builder.blocks  # noqa: F401  (registers the layers that the file may hold)

    model = keras.saving.load_model(file, compile=False)
    signature = {
        tensor.name: tensorflow.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name)
        for tensor in model.inputs
    }

    # Compiled, as Keras's own predict is; without it a recurrent layer takes a hundred times as long.
    @tensorflow.function(input_signature=[signature])
    def compiled(inputs):  # type: ignore[no-untyped-def]
        arranged = keras.tree.map_structure(lambda tensor: inputs[tensor.name], model.input)
        return model(arranged, training=False)

    def call(arrays: Arrays) -> list[np.ndarray]:
        found = compiled({name: tensorflow.constant(values) for name, values in arrays.items()})
        return [np.asarray(values) for values in keras.tree.flatten(found)]

    return call


def generated_script(file: Path, trained: Path) -> Call:
    """Return a function that runs the script's own model with the trained weights on numeric arrays.

    Raises:
        ValueError: where the script builds another model than the trained one.
    """
    import keras

    import builder.blocks  # noqa: F401  (registers the layers that the trained model may hold)
    from builder.export.script import build_from_script
    from builder.outputs import arrange

    model = build_from_script(file)
    model.set_weights(keras.saving.load_model(trained, compile=False).get_weights())

    def call(arrays: Arrays) -> list[np.ndarray]:
        found = model(arrange(model, arrays), training=False)
        return [np.asarray(values) for values in keras.tree.flatten(found)]

    return call


def _single_thread():  # type: ignore[no-untyped-def]
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return tensorflow
