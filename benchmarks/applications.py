"""The round trip of every network of ``keras.applications``: saved, opened as blocks, built again.

    python benchmarks/applications.py [NETWORK ...]

Each whole network, with its top, at its own picture size, in a process of its own. Its weights are random,
and none of them is left at 0 or 1 where it starts, so that a mistaken bias or statistic would be seen. It is
saved as a ``.keras`` file; the model that is built from the file's blocks has to have an equal configuration
and, for a random picture, an output that is equal to the last bit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SEED = 7
ANY_SIZE = 224


def main() -> None:
    """Make the round trips and print the table; the exit code tells whether all were equal."""
    sys.path.insert(0, str(ROOT))
    parser = argparse.ArgumentParser()
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(_round_trip(chosen.networks[0])))
        return
    print("| network | parameters | blocks | configuration | outputs | seconds | peak memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    rows = [_row(name) for name in chosen.networks or _names()]
    sys.exit(0 if all(rows) else 1)


def _names() -> list[str]:
    import keras

    return [name for name in dir(keras.applications) if name[0].isupper()]


def _row(name: str) -> bool:
    command = [sys.executable, __file__, name, "--one"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        print(f"| {name} | | | failed: {lines[-1][:200]} | | | |", flush=True)
        return False
    found = json.loads(done.stdout.splitlines()[-1])
    configuration = "equal" if not found["differing"] else f"differs: {', '.join(found['differing'][:5])}"
    outputs = "equal to the bit" if found["equal"] else f"differ by {found['difference']:.3g}"
    sizes = f"{found['parameters']:,} | {found['blocks']}"
    cost = f"{found['seconds']:.0f} | {found['peak_megabytes'] / 1000:.1f} GB"
    print(f"| {name} | {sizes} | {configuration} | {outputs} | {cost} |", flush=True)
    return found["equal"] and not found["differing"]


def _round_trip(name: str) -> dict[str, Any]:
    import keras
    import numpy as np

    from builder.importer import build_opened, open_keras
    from builder.importer.archive import read_archive
    from builder.importer.comparison import differences
    from builder.importer.saved import read_model

    began = time.perf_counter()
    model = getattr(keras.applications, name)(weights=None)
    random = np.random.default_rng(SEED)
    _unsettle(model, random)
    # MobileNetV3 takes pictures of any size.
    shape = [size or ANY_SIZE for size in model.input_shape[1:]]
    picture = random.uniform(0, 255, (1, *shape)).astype("float32")
    before = np.asarray(model(picture, training=False))
    assert np.isfinite(before).all() and np.ptp(before) > 0, "the output says nothing"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.keras"
        model.save(file)
        parameters = model.count_params()
        del model
        keras.backend.clear_session()
        opened, archive = open_keras(file), read_archive(file)
        built = build_opened(file)
    saved = json.loads(json.dumps(keras.saving.serialize_keras_object(built)))
    differing = differences(read_model(archive.config, name), read_model(saved, name))
    after = np.asarray(built(picture, training=False))
    return {
        "parameters": parameters,
        "blocks": len(opened.graph.nodes),
        "differing": sorted({*opened.differing, *differing}),
        "equal": bool(before.shape == after.shape and np.array_equal(before, after)),
        "difference": float(np.abs(before - after).max()),
        "seconds": time.perf_counter() - began,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def _unsettle(model: Any, random: Any) -> None:
    """Change every weight a little, so that none is 0 or 1 as it was made; variances stay positive."""
    import keras
    import numpy as np

    for variable in model.variables:
        if "float" not in str(variable.dtype):
            continue
        value = np.asarray(variable)
        factor = random.uniform(0.9, 1.1, value.shape)
        variable.assign(value * factor + (value == 0) * random.uniform(-0.05, 0.05, value.shape))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            # It works with copies of its weights, which loading a file renews, too.
            layer.finalize_state()


if __name__ == "__main__":
    main()
