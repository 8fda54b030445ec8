"""Each runtime's way to load an export and to answer, one sample or many a call, one array an output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from builder.export.formats import FRONT_FILE, SPECTROGRAM
from builder.serving.model import in_order
from builder.serving.steps import StepFile

Arrays = dict[str, np.ndarray]
Call = Callable[[Arrays], list[np.ndarray]]


def litert(file: Path, threads: int = 1) -> Call:
    """Return a function that runs a TFLite file on one sample."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(file), num_threads=threads)
    runner = interpreter.get_signature_runner()

    def call(arrays: Arrays) -> list[np.ndarray]:
        # The runner does not keep its interpreter alive; naming it here does.
        assert interpreter is not None
        return in_order(runner(**arrays))

    return call


def litert_behind_spectrogram(file: Path, threads: int = 1) -> Call:
    """Return a function that runs the file that makes a sound's spectrogram, and the network behind it."""
    from ai_edge_litert.interpreter import Interpreter

    front = file.with_name(FRONT_FILE)
    (sound,) = Interpreter(model_path=str(front)).get_signature_runner().get_input_details()
    make, answer = litert(front, threads), litert(file, threads)

    def call(arrays: Arrays) -> list[np.ndarray]:
        others = {name: values for name, values in arrays.items() if name != sound}
        return answer({**others, SPECTROGRAM: make({sound: arrays[sound]})[0]})

    return call


def litert_steps(file: Path, written: str) -> Call:
    """Return a function that runs a TFLite file of one step over the whole text of one sample, on one thread.

    Args:
        file: as ``builder.export.decoding_step`` makes it.
        written: the name of the array that the model writes.
    """
    steps = StepFile(file)

    def call(arrays: Arrays) -> list[np.ndarray]:
        kept = steps.begun({name: values for name, values in arrays.items() if name != written})
        outputs = []
        for position, token in enumerate(arrays[written][0]):
            output, kept = steps.step(int(token), position, kept)
            outputs.append(output)
        return [np.stack(outputs)[np.newaxis]]

    return call


def onnx(file: Path) -> Call:
    """Return a function that runs an ONNX file in ONNX Runtime, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    inputs = [item.name for item in session.get_inputs()]
    outputs = [item.name for item in session.get_outputs()]

    def call(arrays: Arrays) -> list[np.ndarray]:
        found = session.run(outputs, {name: arrays[name] for name in inputs})
        return in_order(dict(zip(outputs, found, strict=True)))

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

    return _compiled(keras.saving.load_model(file, compile=False), tensorflow)


def weights_file(file: Path, trained: Path) -> Call:
    """Return a function that runs a new model of the trained one's layers with the weights in a file."""
    tensorflow = _single_thread()
    import keras

    import builder.blocks  # noqa: F401  (registers the layers that the trained model may hold)

    like = keras.saving.load_model(trained, compile=False)
    model = type(like).from_config(like.get_config())
    model.load_weights(file)
    return _compiled(model, tensorflow)


def _compiled(model: Any, tensorflow: Any) -> Call:
    """Return a function that runs a Keras model, inputs by name.

    Compiled, as Keras's own predict is; without it a recurrent layer takes a hundred times as long.
    """
    import keras

    signature = {
        tensor.name: tensorflow.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name)
        for tensor in model.inputs
    }

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
