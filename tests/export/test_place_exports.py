"""Models with answers for every word, pixel or cell leave the product whole, with a snippet that works."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from alike import with_rare
from small_places import trained

from builder.data.overlays import from_png_text
from builder.explain.predict import predict
from builder.export.client_files import write_client_files
from builder.export.tflite import float32
from builder.outputs import output_activation

TASKS = ("token_classification", "segmentation", "detection")


@pytest.fixture(scope="module", params=with_rare(TASKS, ["detection"]))
def exported(request, tmp_path_factory) -> tuple[str, Path]:
    """Give a task and a folder with its model as TFLite and what a client needs beside it.

    That the file answers as Keras does is tested with the presets.
    """
    folder = tmp_path_factory.mktemp(request.param)
    model, _, prepared = trained(request.param)
    (folder / "model.tflite").write_bytes(float32(model))
    write_client_files(folder, prepared.spec, [output_activation(model)])
    return request.param, folder


def test_the_snippet_answers_as_the_product(exported, tmp_path: Path) -> None:
    task, folder = exported
    model, _, prepared = trained(task)
    row = int(prepared.indices["test"][0])
    if task == "token_classification":
        sentence = {"text": "The Beatles played in Hamburg, said John Lennon."}
        (tmp_path / "sample.json").write_text(json.dumps(sentence))
        answer = snippet(folder, tmp_path / "sample.json")
        expected = predict(model, prepared.spec, [sentence])[0]
        assert answer["tokens"] == expected["tokens"] and len(answer["tags"]) == len(answer["tokens"])
        return
    picture = prepared.sample(row)["array"]
    np.save(tmp_path / "picture.npy", picture)
    answer = snippet(folder, tmp_path / "picture.npy")
    expected = predict(model, prepared.spec, [{"image": picture}])[0]
    if task == "segmentation":
        assert (np.array(answer["mask"]) == from_png_text(expected["mask"])).mean() > 0.99
        assert answer["classes"] == list(prepared.spec.class_names)
    else:
        assert [box["label"] for box in answer["boxes"]] == [box["label"] for box in expected["boxes"]]
        for one, other in zip(answer["boxes"], expected["boxes"], strict=True):
            assert one["box"] == pytest.approx(
                [other[side] for side in ("left", "top", "right", "bottom")], abs=1e-3
            )


def snippet(folder: Path, sample: Path) -> dict:
    """Run the exported snippet as written, where TensorFlow is not loaded."""
    command = [sys.executable, str(folder / "predict_tflite.py"), str(sample)]
    done = subprocess.run(command, cwd=sample.parent, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
