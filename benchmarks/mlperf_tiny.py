"""The image classification of MLPerf Tiny: a project's int8 file beside the reference network's.

    python benchmarks/mlperf_tiny.py PATH [--rows 50000] [--epochs 30]

PATH holds CIFAR-10 as ``benchmarks/cifar10.py`` takes it. The project
``mlperf_tiny_image_classification.json`` goes the way of every project, from the shell: it is trained and
exported. The reference is the benchmark's ResNet in plain Keras, with its own recipe (Adam, 0.001 times
0.99 an epoch, batches of 32, a decay of 0.0001, pictures turned, moved and mirrored), converted to int8 by
TensorFlow's converter. Both learn from the same rows for as many epochs, and both int8 files answer for the
whole test part in LiteRT.

Reference: Banbury et al., MLPerf Tiny Benchmark (2021), sections 4 and 5; its targets are 85 % and 96 KB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
from cifar10 import pack  # noqa: E402 (the folders are named above)

PROJECT = ROOT / "benchmarks" / "mlperf_tiny_image_classification.json"
CALIBRATION = 200


def main() -> None:
    """Train and convert both, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=50_000, help="how many training pictures are used")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.reference:
        _train_reference(chosen.path, chosen.epochs, chosen.reference)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pack(chosen.path, folder / "cifar10.zip", chosen.rows)
        project = _written_project(folder, chosen.epochs)
        print(f"| side | weights | epochs | Keras | int8 | int8 file |\n{'| --- ' * 6}|", flush=True)
        _run("-m", "builder", "train", str(project), home=folder)
        _run("-m", "builder", "export", str(project), "-f", "tflite_int8", "-f", "keras", "-o",
             str(folder / "ours.zip"), home=folder)  # fmt: skip
        with zipfile.ZipFile(folder / "ours.zip") as bundle:
            bundle.extractall(folder / "ours")
        _tell("Kerablocks", folder / "ours", project, chosen.epochs)
        reference = str(folder / "reference")
        _run(__file__, str(project), "--epochs", str(chosen.epochs), "--reference", reference, home=folder)
        _tell("the reference", folder / "reference", project, chosen.epochs)


def _written_project(folder: Path, epochs: int) -> Path:
    document = json.loads(PROJECT.read_text("utf-8"))
    document["data"]["source"]["path"] = str(folder / "cifar10.zip")
    document["training"]["epochs"] = epochs
    file = folder / "project.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def _run(*arguments: str, home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["KERABLOCKS_HOME"] = str(home / "workspace")
    subprocess.run([sys.executable, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)


def _prepared(project: Path) -> Any:
    from builder.data.prepare import prepare
    from builder.project import read_project

    return prepare(read_project(project).data, project.parent / "prepared")


def _tell(side: str, folder: Path, project: Path, epochs: int) -> None:
    import keras
    import numpy as np

    prepared = _prepared(project)
    rows = prepared.indices["test"]
    images, labels = prepared.arrays["image"], prepared.targets[rows]
    model = keras.saving.load_model(folder / "keras" / "model.keras", compile=False)
    answers = np.concatenate([model.predict(_floats(images, part), verbose=0) for part in _parts(rows)])
    file = folder / "tflite_int8" / "model.tflite"
    whole = float(np.mean(answers.argmax(axis=-1) == labels))
    small = float(np.mean(_answers(file, images, rows) == labels))
    size = file.stat().st_size / 1024
    print(
        f"| {side} | {model.count_params():,} | {epochs} | {whole:.4f} | {small:.4f} | {size:.1f} KB |",
        flush=True,
    )


def _parts(rows: Any) -> Iterator[Any]:
    yield from (rows[start : start + 500] for start in range(0, len(rows), 500))


def _floats(images: Any, rows: Any) -> Any:
    import numpy as np

    return images[rows].astype(np.float32)


def _answers(file: Path, images: Any, rows: Any) -> Any:
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(file)).get_signature_runner()
    ((name, details),) = runner.get_input_details().items()
    found = []
    for row in rows:
        (answer,) = runner(**{name: images[row : row + 1].astype(details["dtype"])}).values()
        found.append(int(answer.argmax()))
    return np.array(found)


def _train_reference(project: Path, epochs: int, folder: Path) -> None:
    import keras
    import numpy as np

    prepared = _prepared(project)
    keras.utils.set_random_seed(0)
    model = _reference()
    moved = keras.Sequential(
        [
            keras.layers.RandomRotation(15 / 360),
            keras.layers.RandomTranslation(0.1, 0.1),
            keras.layers.RandomFlip("horizontal"),
        ]
    )
    training = keras.Sequential([keras.Input((32, 32, 3)), moved, model])
    loss = keras.losses.SparseCategoricalCrossentropy()
    training.compile(keras.optimizers.Adam(0.001), loss, metrics=["accuracy"])
    slower = keras.callbacks.LearningRateScheduler(lambda epoch: 0.001 * 0.99**epoch)

    def part(name: str) -> tuple[Any, Any]:
        rows = prepared.indices[name]
        return _floats(prepared.arrays["image"], rows), prepared.targets[rows]

    images, labels = part("train")
    training.fit(
        images, labels, 32, epochs, validation_data=part("validation"), callbacks=[slower], verbose=0
    )
    (folder / "keras").mkdir(parents=True)
    model.save(folder / "keras" / "model.keras")
    _write_int8(model, np.random.default_rng(0).permutation(images)[:CALIBRATION], folder / "tflite_int8")


def _reference() -> Any:
    """Return the benchmark's ResNet: three stages of one residual block, 78,666 weights."""
    import keras
    from keras import layers

    decay = keras.regularizers.L2(1e-4)

    def convolution(x: Any, filters: int, size: int = 3, strides: int = 1) -> Any:
        layer = layers.Conv2D(
            filters, size, strides, "same", kernel_initializer="he_normal", kernel_regularizer=decay
        )
        return layer(x)

    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(convolution(x, 16)))
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        y = layers.ReLU()(layers.BatchNormalization()(convolution(x, filters, strides=strides)))
        y = layers.BatchNormalization()(convolution(y, filters))
        shortcut = x if strides == 1 else convolution(x, filters, 1, strides)
        x = layers.ReLU()(layers.Add()([shortcut, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(inputs, layers.Dense(10, "softmax", kernel_initializer="he_normal")(x))


def _write_int8(model: Any, images: Any, folder: Path) -> None:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    folder.mkdir(parents=True)
    (folder / "model.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main()
