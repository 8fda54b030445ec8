"""A model of sound is cut where its spectrogram is, so that a microcontroller can hear by itself."""

import ctypes
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from small_models import small

from builder import compiler
from builder.data.prepare import Prepared, prepare
from builder.data.preprocessing import audio_input
from builder.errors import BuilderError
from builder.explain.predict import predict
from builder.export import convert, verify
from builder.export.clients import write_sample
from builder.export.formats import FORMATS, SPECTROGRAM, formats_for
from builder.export.job import Job
from builder.export.log_mel_header import log_mel_header
from builder.export.metadata import read_metadata
from builder.export.spectrogram import cut
from builder.project import load_preset
from builder.truth import worker
from builder.truth.micro import micro

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # The quantizer looks at every tensor in between, of which the runtime warns.
    pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors"),
]
# In bels: half of what a step of the 8-bit input is.
NEAR = 0.01
WHOLE, BEHIND = "tflite_int8", "tflite_int8_spectrogram"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, dict[str, dict]]:
    """Return the job and the verified rows of both int8 files of a small model of sound."""
    folder = tmp_path_factory.mktemp("sound")
    model, project, prepared = small("sound")
    model.save(folder / "trained.keras")
    job = Job(
        str(folder / "trained.keras"), project.to_json(), str(prepared.folder), str(folder), (WHOLE, BEHIND)
    )
    make = convert.open_job(job)
    made = {name: make(FORMATS[name]) for name in (WHOLE, BEHIND)}
    check = verify.open_job(job)
    write_sample(folder, prepared, int(prepared.indices["test"][0]))
    return job, {name: {**made[name], **check(FORMATS[name])} for name in made}


def test_only_a_model_that_hears_a_spectrogram_has_the_format() -> None:
    spec = small("sound")[2].spec
    assert BEHIND in formats_for(spec)
    assert BEHIND not in formats_for(small("cnn")[2].spec)
    (sound,) = spec.inputs
    waveform = replace(sound, settings={**sound.settings, "features": "waveform"})
    assert BEHIND not in formats_for(replace(spec, inputs=(waveform,)))
    with pytest.raises(BuilderError, match="Only a model of sound"):
        cut(small("cnn")[0], small("cnn")[2].spec)


def test_the_network_alone_answers_as_the_whole_model_and_runs_on_microcontrollers(exported) -> None:
    job, rows = exported
    assert rows[BEHIND]["largest_difference"] < 0.1
    assert rows[BEHIND]["bytes"] < rows[WHOLE]["bytes"] - 10_000
    files = {name: job.format_folder(name) / "model.tflite" for name in rows}
    assert micro(files[BEHIND])["runs"] and not micro(files[WHOLE])["runs"]
    told = read_metadata(files[BEHIND].read_bytes())
    assert [item["name"] for item in told["inputs"]] == [SPECTROGRAM]
    assert "frames of 40 bands" in told["inputs"][0]["description"]
    tensors = Interpreter(model_path=str(files[BEHIND])).get_tensor_details()
    assert sum(bool(tensor["name"]) for tensor in tensors) == 2, "the input and the output"


def test_the_truth_of_the_network_alone_is_that_of_its_answers(exported) -> None:
    job, rows = exported
    measured = worker.Measurer(job).measure(FORMATS[BEHIND])
    assert measured["agreement"] == pytest.approx(rows[BEHIND]["agreement"])
    assert measured["score"] == pytest.approx(rows[BEHIND]["metric_export"])
    with np.load(job.scratch / worker.SPECTROGRAMS_FILE) as timed:
        assert set(timed.files) == {SPECTROGRAM}


def test_the_python_snippet_makes_the_spectrogram_itself(exported) -> None:
    job, _ = exported
    model, _, prepared = small("sound")
    sample = Path(job.folder) / "clients" / "sample.json"
    snippet = job.format_folder(BEHIND) / "predict_tflite.py"
    done = subprocess.run(
        [sys.executable, str(snippet), str(sample)], capture_output=True, text=True, check=True
    )
    expected = predict(model, prepared.spec, [json.loads(sample.read_text())])[0]
    assert json.loads(done.stdout)["probabilities"] == pytest.approx(expected["probabilities"], abs=0.1)


@pytest.mark.parametrize("name", ["multimodal/sound_and_text", "transcription/digit_strings"])
def test_presets_of_sound_are_cut_without_a_change(name: str, tmp_path: Path) -> None:
    project = load_preset(name)
    prepared = prepare(project.data, tmp_path)
    model = compiler.build(project, prepared.spec)
    parts = cut(model, prepared.spec)
    sample = prepared.arrays_of(prepared.indices["test"][:1])
    (seen,) = parts.samples([sample])
    assert set(seen) == {tensor.name for tensor in parts.network.inputs}
    answers = [
        np.asarray(each(keras.tree.map_structure(lambda tensor, own=given: own[tensor.name], each.input)))
        for each, given in ((model, sample), (parts.network, seen))
    ]
    assert np.allclose(*answers, atol=1e-5)


def header_call(front: keras.Model, folder: Path):
    """Return a function that computes a spectrogram with the compiled header."""
    (folder / "log_mel.h").write_text(log_mel_header(front))
    (folder / "sound.c").write_text(
        '#include "log_mel.h"\nvoid run(const int16_t* sound, float* out) { log_mel(sound, out); }\n'
    )
    command = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "sound.c"]
    subprocess.run([*command, "-o", "sound.so", "-lm"], cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "sound.so"))

    def run(sound: np.ndarray) -> np.ndarray:
        found = np.zeros(front.outputs[0].shape[1:], np.float32)
        library.run(sound.ctypes.data_as(ctypes.c_void_p), found.ctypes.data_as(ctypes.c_void_p))
        return found

    return run


def front_of(rate: int, samples: int, bands: int) -> keras.Model:
    inputs, output = audio_input("audio", samples, rate, "log_mel_image", bands)
    return keras.Model(inputs[0], output)


@pytest.mark.skipif(shutil.which("cc") is None, reason="a C compiler builds what a microcontroller runs")
@pytest.mark.parametrize(("rate", "bands"), [(8000, 10), (16_000, 40), (44_100, 24)])
def test_the_c_code_computes_the_models_own_spectrogram(rate: int, bands: int, tmp_path: Path) -> None:
    prepared: Prepared = small("sound")[2]
    sounds = np.ascontiguousarray(prepared.arrays["audio"][prepared.indices["test"][:5]])
    front = front_of(rate, sounds.shape[1], bands)
    expected = np.asarray(front(sounds.astype(np.float32)))
    run = header_call(front, tmp_path)
    for sound, wanted in zip(sounds, expected, strict=True):
        assert np.allclose(run(sound), wanted, atol=NEAR)
    silence = np.zeros_like(sounds[0])
    assert np.allclose(run(silence), np.asarray(front(silence[None].astype(np.float32)))[0], atol=NEAR)
