"""NumPy archives become images, series or tables by their shapes; pickles and bombs are never loaded."""

import io
import zipfile

import numpy as np
import pytest

from builder.data.array_files import read_arrays
from builder.data.images import ImageSource
from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.data.series import SeriesSource
from builder.data.table_source import TableSource
from builder.errors import BuilderError

RANDOM = np.random.default_rng(1)
LABELS = np.arange(40) % 2


def saved(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def refusal(path):
    with pytest.raises(BuilderError) as caught:
        read_arrays(path)
    return caught.value.problems[0].code


@pytest.mark.parametrize(
    ("inputs", "kind"),
    [
        (RANDOM.integers(0, 255, (40, 12, 9), dtype=np.uint8), ImageSource),
        (RANDOM.random((40, 12, 9, 3)), ImageSource),
        (RANDOM.random((40, 28, 28)), ImageSource),
        (RANDOM.integers(0, 4095, (40, 12, 12), dtype=np.uint16), ImageSource),
        (RANDOM.random((40, 12, 9)), SeriesSource),
        (RANDOM.normal(size=(40, 12, 12)), SeriesSource),
        (RANDOM.normal(size=(40, 30, 2)), SeriesSource),
        (RANDOM.normal(size=(40, 5)), TableSource),
    ],
)
def test_the_shape_tells_what_the_arrays_are(tmp_path, inputs, kind):
    assert isinstance(read_arrays(saved(tmp_path / "a.npz", x=inputs, y=LABELS)), kind)


def test_pixels_between_0_and_1_become_0_to_255(tmp_path):
    inputs = np.full((40, 8, 8, 1), 0.5, dtype=np.float32)
    inputs[0] = 1
    source = read_arrays(saved(tmp_path / "a.npz", X=inputs, Y=LABELS))
    assert np.asarray(source.read(0)).max() == 255 and np.asarray(source.read(1)).max() == 127


def test_pixels_around_0_are_spread_over_0_to_255_and_said(tmp_path):
    inputs = np.repeat(np.linspace(-1, 1, 8, dtype=np.float32), 40 * 8).reshape(8, 40, 8).transpose(1, 2, 0)
    source = read_arrays(saved(tmp_path / "a.npz", x=inputs[..., np.newaxis], y=LABELS))
    assert np.asarray(source.read(0))[0].tolist() == [0, 36, 72, 109, 145, 182, 218, 255]
    assert "-1 to 1" in source.problems[0].message


def test_pixels_a_little_above_1_are_not_black(tmp_path):
    inputs = np.full((40, 8, 8, 1), 0.5, dtype=np.float32)
    inputs[0] = 1.02
    source = read_arrays(saved(tmp_path / "a.npz", x=inputs, y=LABELS))
    assert np.asarray(source.read(0)).max() == 255 and np.asarray(source.read(1)).max() == 125


def test_targets_may_have_a_column_in_one_part_alone(tmp_path):
    inputs = RANDOM.normal(size=(40, 5))
    path = saved(
        tmp_path / "a.npz", x_train=inputs, y_train=LABELS[:, np.newaxis], x_test=inputs, y_test=LABELS
    )
    assert read_arrays(path).frame["y"].tolist() == [str(label) for label in LABELS] * 2


def test_given_parts_and_words_as_classes_are_kept(tmp_path):
    words = np.array(["no", "yes"])[LABELS]
    arrays = {"x_train": RANDOM.normal(size=(40, 20, 1)), "y_train": words}
    source = read_arrays(
        saved(tmp_path / "a.npz", **arrays, x_test=arrays["x_train"][:10], y_test=words[:10])
    )
    assert source.class_names == ("no", "yes")
    assert source.is_test.tolist() == [False] * 40 + [True] * 10


@pytest.mark.parametrize(("gap", "shown"), [(np.nan, "nan"), (-np.inf, "-inf"), (1e308, "1e+308")])
def test_series_are_prepared_with_the_training_parts_moments(gap, shown, tmp_path):
    series = RANDOM.normal(5, 3, size=(40, 30, 2))
    series[3, 4, 0] = gap
    path = saved(tmp_path / "a.npz", x=series, y=LABELS)
    recipe = propose({"kind": "npz", "path": str(path)})
    prepared = prepare(recipe, tmp_path / "cache")
    item = prepared.spec.inputs[0]
    assert item.kind == "series" and item.arrays[0].shape == (30, 2)
    told = {problem.code: problem.message for problem in prepared.problems}
    assert (
        "1 value(s) of the series in a.npz" in told["series_gaps"] and f"as {shown})" in told["series_gaps"]
    )
    series[3, 4, 0] = np.nan
    train = series[prepared.indices["train"]]
    assert np.allclose(item.settings["means"], np.nanmean(train, axis=(0, 1)), rtol=1e-4)
    assert prepared.arrays["series"][3, 4, 0] == np.float32(item.settings["means"][0])
    shown_lines = np.array([example["lines"] for example in profile(recipe)["examples"]])
    assert shown_lines.shape[1] == 2 and np.abs(shown_lines).max() < 30


def test_pickled_arrays_are_refused_without_being_loaded(tmp_path):
    path = saved(tmp_path / "a.npz", x=np.array([{"a": 1}] * 40, dtype=object), y=LABELS)
    assert refusal(path) == "pickle_refused"


def test_an_array_that_would_fill_the_memory_is_refused(tmp_path):
    head = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**5)}
    np.lib.format.write_array_header_1_0(head, header)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", head.getvalue())
    assert refusal(tmp_path / "a.npz") == "file_too_large"


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        ({"x": np.zeros((5, 3)), "y": np.zeros(4)}, "array_lengths"),
        ({"a": np.zeros((5, 3)), "b": np.zeros(5)}, "no_arrays"),
        ({"x": np.zeros((5, 3, 3, 3, 3)), "y": np.zeros(5)}, "array_shape"),
        ({"x": np.zeros((5, 30, 2)), "y": np.linspace(0, 1, 5)}, "array_targets"),
        ({"x": np.zeros((0, 3)), "y": np.zeros(0)}, "array_lengths"),
        ({"x": np.zeros((5, 0, 8, 3)), "y": np.arange(5)}, "array_lengths"),
        ({"x": np.full((5, 8, 8, 3), "a"), "y": np.arange(5)}, "array_shape"),
        ({"x": np.zeros((5, 8, 8, 3)), "y": np.full(5, np.inf)}, "array_targets"),
        (
            {
                "x_train": np.zeros((5, 3)),
                "y_train": np.eye(5)[:, :3],
                "x_test": np.zeros((5, 3)),
                "y_test": np.arange(5),
            },
            "array_shape",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_told(tmp_path, arrays, code):
    assert refusal(saved(tmp_path / "a.npz", **arrays)) == code


def test_a_cut_off_archive_is_told(tmp_path):
    path = saved(tmp_path / "a.npz", x=np.zeros((40, 5)), y=LABELS)
    path.write_bytes(path.read_bytes()[:-100])
    assert refusal(path) == "damaged_file"


@pytest.mark.parametrize("seed", range(8))
def test_an_archive_with_bytes_changed_inside_is_told(tmp_path, seed):
    random = np.random.default_rng(seed)
    path = saved(tmp_path / "a.npz", x=random.integers(0, 9, (200, 20)), y=np.arange(200) % 2)
    data = bytearray(path.read_bytes())
    place = int(random.integers(100, 1000))
    data[place : place + 4] = random.bytes(4)
    path.write_bytes(data)
    assert refusal(path) == "damaged_file"


def test_an_archive_with_a_password_is_told(tmp_path):
    path = saved(tmp_path / "a.npz", x=np.zeros((40, 5)), y=LABELS)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    data[6] |= 1
    path.write_bytes(data)
    assert refusal(path) == "damaged_file"


def test_sizes_below_0_do_not_hide_an_array_that_would_fill_the_memory(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, shape in (("x", (10**6, 10**5)), ("y", (-(10**6), 10**5))):
            head = io.BytesIO()
            header = {"descr": "<f8", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(head, header)
            archive.writestr(f"{name}.npy", head.getvalue())
    assert refusal(tmp_path / "a.npz") in ("file_too_large", "damaged_file")
