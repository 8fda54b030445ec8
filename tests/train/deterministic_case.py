"""Trains twice with the determinism switch on, which holds for a whole process, and prints hashes."""

import hashlib
import sys
import tempfile
from pathlib import Path

import numpy as np

# TensorFlow has no public way to ask whether the switch is on.
from tensorflow.python.framework.config import is_op_determinism_enabled
from train_case import image_model, settings

from builder.data.prepare import Prepared
from builder.train.loop import fit

if __name__ == "__main__":
    chosen = settings(epochs=1, deterministic=True, class_weights="balanced", batch_size=200)
    prepared = Prepared.open(Path(sys.argv[1]))
    for _ in range(2):
        model = image_model(chosen)
        with tempfile.TemporaryDirectory() as folder:
            fit(model, prepared, chosen, Path(folder))
        values = b"".join(np.array(variable).tobytes() for variable in model.variables)
        sys.stdout.write(f"{is_op_determinism_enabled()} {hashlib.sha256(values).hexdigest()}\n")
