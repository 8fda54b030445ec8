"""Previews in a shell: a table of the blocks, and pictures as files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from builder.__main__ import app
from builder.explain.preview.block_model import Value
from builder.explain.preview.pictures import OVERVIEW, picture_of
from builder.explain.preview.png import colored, pictures
from builder.explain.preview.quantized import quantized, restored
from builder.project import PRESETS_FOLDER

# Keras 3.15 reads TensorFlow variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_a_quantized_map_is_right_within_half_a_level() -> None:
    maps = np.random.default_rng(1).normal(size=(3, 10, 7))
    maps[1, 2, 3], maps[2, 0, 0] = np.nan, np.inf
    back = restored(quantized(maps, 8, 48))
    finite = np.isfinite(maps)
    assert np.array_equal(np.isfinite(back), finite)
    assert np.abs(back - maps)[finite].max() <= 0.51 * 8 / 254
    flat = quantized(np.full((1, 2, 2), 5.0), 8, 48)
    assert restored(flat).tolist() == [[[5.0, 5.0], [5.0, 5.0]]]


def test_a_large_map_is_averaged_down() -> None:
    picture = quantized(np.arange(100.0).reshape(1, 10, 10), 1, 5)
    expected = np.arange(100.0).reshape(5, 2, 5, 2).mean(axis=(1, 3))
    assert np.abs(restored(picture)[0] - expected).max() < 0.2


def test_zero_is_the_middle_of_the_colors_of_both_signs() -> None:
    low, zero, high = colored(np.array([-1.0, 0.0, 0.5]))
    assert zero.tolist() == [247, 247, 247] and low[2] > low[0] and high[0] > high[2]


def test_what_is_no_value_is_clear() -> None:
    vector = picture_of(Value(np.linspace(-1.0, 1.0, 112)[np.newaxis]), OVERVIEW)
    output = {"port": "output", "picture": vector, "histogram": {"counts": [0, 4]}}
    drawn = {name: np.asarray(image) for name, image in pictures({"outputs": [output], "attention": []})}
    is_seen = drawn["output"][..., 3] == 255
    assert is_seen.mean() == 112 / 128 and (drawn["output"][is_seen][:, :3] != [255, 0, 255]).any(-1).all()
    assert drawn["output_histogram"][0, :, 3].tolist() == [0] * 12 + [255] * 11 + [0]


def test_the_shell_tells_of_every_block_and_writes_its_pictures(tmp_path: Path) -> None:
    project = str(PRESETS_FOLDER / "images" / "resnet.json")
    done = CliRunner().invoke(app, ["preview", project, "--sample", "3", "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "residual_3" in done.output and "8x8x64" in done.output
    with Image.open(tmp_path / "residual_3_output.png") as picture:
        assert len(picture.convert("RGB").getcolors(100_000) or []) > 20


def test_the_shell_says_which_samples_there_are() -> None:
    project = str(PRESETS_FOLDER / "images" / "resnet.json")
    done = CliRunner().invoke(app, ["preview", project, "--sample", "99999"])
    assert "numbered 0 to" in str(done.exception)
