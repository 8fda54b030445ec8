"""A model that writes leaves the product as one step, which says what the whole model says."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from pairs_cases import built
from small_tasks import trained

from builder.data.spec import written_input
from builder.errors import BuilderError
from builder.explain.predict import predict
from builder.export import runtimes
from builder.export.client_files import write_client_files
from builder.export.decoding_step import decoding_step

TASKS = ("language_model", "text_to_text")


@pytest.fixture(scope="module", params=TASKS)
def exported(request, tmp_path_factory):
    """Give a task, its model, its data and a folder with the model as one step."""
    pairs = request.param == "text_to_text"
    model, _, prepared = built("text_to_text/transformer") if pairs else trained(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "model.tflite").write_bytes(decoding_step(model, prepared.spec))
    write_client_files(folder, prepared.spec, ["linear"])
    return request.param, model, prepared, folder


def test_every_step_says_what_the_whole_model_says(exported) -> None:
    _, model, prepared, folder = exported
    written = written_input(prepared.spec)
    step = runtimes.litert_steps(folder / "model.tflite", written)
    for row in prepared.indices["test"][:3]:
        arrays = prepared.arrays_of([row])
        whole = np.asarray(model({tensor.name: arrays[tensor.name] for tensor in model.inputs}))
        count = max(int((arrays[written] != 0).sum()), 1)
        assert np.allclose(step(arrays)[0][0, :count], whole[0, :count], atol=1e-4)


def test_the_snippet_writes_with_it(exported, tmp_path: Path) -> None:
    task, model, prepared, folder = exported
    text = "Wait!" if task == "text_to_text" else "First"
    (tmp_path / "sample.json").write_text(json.dumps({"text": text}))
    command = [sys.executable, str(folder / "predict_tflite.py"), str(tmp_path / "sample.json")]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    if task == "text_to_text":
        assert answer == predict(model, prepared.spec, [{"text": text}])[0]
    else:
        assert len(answer["text"]) == 100


def test_a_model_that_sees_all_steps_at_once_says_so() -> None:
    _, _, prepared = trained("language_model")
    length = prepared.spec.arrays[0].shape[0]
    tokens = keras.Input((length,), name="tokens", dtype="int32")
    x = keras.layers.Bidirectional(keras.layers.GRU(4, return_sequences=True))(
        keras.layers.Embedding(prepared.spec.class_count, 4)(tokens)
    )
    model = keras.Model(tokens, keras.layers.Dense(prepared.spec.class_count)(x))
    with pytest.raises(BuilderError, match="cannot write step by step"):
        decoding_step(model, prepared.spec)
