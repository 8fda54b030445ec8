"""A model that was only looked at never takes memory, whatever is built after it."""

import subprocess
import sys

import keras

from builder.blocks.weightless import without_weights

MEGABYTES = 1_000_000
# A process of its own: the memory of one that has run other tests comes and goes.
PROGRAM = """
import keras
import psutil

from builder.blocks.weightless import without_weights
from builder.compiler import infer

GRAPH = {
    "nodes": [
        {"id": "input", "kind": "tensor_input.v1", "parameters": {"shape": [20_000]}},
        {"id": "dense", "kind": "dense.v1", "parameters": {"units": 20_000}},
    ],
    "edges": [{"source": "input", "target": "dense"}],
}


def resident():
    return psutil.Process().memory_info().rss


infer({"nodes": GRAPH["nodes"][:1], "edges": []}, None)
before = resident()
assert infer(GRAPH, None)["summary"]["parameters"] == 400_020_000
with without_weights():
    keras.Sequential([keras.Input((20_000,)), keras.layers.Dense(20_000)])
with keras.StatelessScope():
    keras.layers.Dense(2)
print(resident() - before)
"""


def test_a_huge_model_that_was_looked_at_takes_no_memory_later() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400 * MEGABYTES


def test_a_model_begun_outside_keeps_its_own_weights() -> None:
    with without_weights():
        keras.layers.Dense(3).build((None, 2))
    layer = keras.layers.Dense(3)
    layer.build((None, 2))
    assert layer.kernel.numpy().shape == (2, 3)
