"""A generator leaves the product alone: verified files, samples as pictures and tables, a script."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_generators import small_dcgan

from builder import codegen, compiler
from builder.adversarial.model import kept_part
from builder.errors import BuilderError
from builder.export import run
from builder.jobs import tasks
from builder.sample_files import picture_grid, write_samples
from builder.serving.model import Description
from builder.train.randomness import seed_everything


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    project, prepared = small_dcgan(tmp_path_factory.mktemp("small"))
    seed_everything(project.training_settings())
    return project, prepared, kept_part(compiler.build(project, prepared.spec))


def test_the_exported_generator_makes_the_same_samples_far_from_the_product(small, tmp_path: Path) -> None:
    project, prepared, generator = small
    report = run(generator, project, prepared, tmp_path / "exports", ("tflite_float32", "server", "script"))
    for item in report["formats"]:
        assert item["status"] == "verified", item["problem"]
        assert item["agreement"] == 1.0
    noise = np.random.default_rng(3).standard_normal(64, dtype=np.float32)
    sample = tmp_path / "samples.json"
    sample.write_text(json.dumps([{"latent": noise.tolist()}, {"seed": 3}]))
    snippet = tmp_path / "exports" / "tflite_float32" / "predict_tflite.py"
    done = subprocess.run([sys.executable, snippet, sample], capture_output=True, text=True, check=True)
    wanted = np.asarray(generator(noise[None]))[0]
    for line in done.stdout.splitlines():
        assert np.array(json.loads(line)["sample"]) == pytest.approx(wanted, abs=0.05)
    described = Description.read(tmp_path / "exports" / "server")
    assert described.spec == prepared.spec and described.noise.shape == (64,)
    request = json.loads((tmp_path / "exports" / "clients" / "request.json").read_text())
    assert request == {"parameters": {"count": 1, "seed": 1}}
    card = (tmp_path / "exports" / "MODEL_CARD.md").read_text()
    assert "- Makes image: float32" in card and "- Input: noise" in card and "samples of noise" in card
    assert "Predicts" not in card and "Classes" not in card


def test_a_script_without_what_a_learning_rate_waits_for_is_refused_in_words(small) -> None:
    project, prepared, _ = small
    assert "class AdversarialPair" in codegen.script(project, prepared.spec)
    project = replace(project, training={**project.training, "schedule": "plateau"})
    with pytest.raises(BuilderError, match="cannot be written as a script yet"):
        codegen.script(project, prepared.spec)


def test_what_both_sides_cost_and_put_out_is_told(small) -> None:
    project, prepared, generator = small
    for graph, spec in (
        (project.model, prepared.spec),
        (project.discriminator, compiler.judging_spec(prepared.spec)),
    ):
        figures = tasks.analyze(graph.to_json(), spec.to_json(), project.training_settings())
        assert len(figures["blocks"]) == 2
        shown = tasks.preview(graph.to_json(), str(prepared.folder))["blocks"]
        assert all(not block.get("failure") and block["outputs"] for block in shown.values())


def test_samples_become_pictures_and_tables(tmp_path: Path) -> None:
    pictures = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 1)
    assert write_samples("image", pictures, tmp_path / "pictures") == 2
    assert np.array_equal(
        np.asarray(Image.open(tmp_path / "pictures" / "sample_0002.png")), pictures[1, ..., 0]
    )
    write_samples("series", np.ones((1, 3, 2), np.float32), tmp_path / "series")
    assert (tmp_path / "series" / "sample_0001.csv").read_text() == "1,1\n" * 3
    assert picture_grid(np.zeros((5, 4, 4, 1), np.uint8)).shape == (2 * 6 - 2, 3 * 6 - 2, 1)
