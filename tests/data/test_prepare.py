"""Prepared data: whole or not at all, the same every time, statistics from the training part alone."""

import errno
import os
import resource
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from making import csv_source, image_source, picture, sample_source, two_classes

from builder.data import prepare as preparing
from builder.data.files import hash_files
from builder.data.prepare import Prepared, prepare, prepared_spec
from builder.data.profile import profile, propose
from builder.data.text import build_vocabulary
from builder.data.tokenizers import encode_texts
from builder.errors import BuilderError
from builder.project import DataRecipe, load_preset, preset_names

TABLE = "size,colour,kind\n" + "".join(f"{n},{'red' if n % 2 else 'blue'},{'ab'[n % 2]}\n" for n in range(40))


def refusal(recipe: DataRecipe, cache: Path) -> tuple[str, str]:
    with pytest.raises(BuilderError) as caught:
        prepare(recipe, cache)
    assert not list(cache.glob("*")), "nothing half-made may stay"
    return caught.value.problems[0].code, caught.value.problems[0].message


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("name", preset_names())
def test_the_data_of_every_preset_can_be_prepared(name, tmp_path):
    recipe = load_preset(name).data
    prepared = prepare(recipe, tmp_path)
    spec = prepared.spec
    assert [problem for problem in prepared.problems if problem.code != "gaps_filled"] == []
    # A window that reaches from one part into the next is in neither.
    assert len(prepared.targets) == sum(spec.rows.values()) or (
        spec.windows and len(prepared.targets) > sum(spec.rows.values())
    )
    assert {part: len(rows) for part, rows in prepared.indices.items()} == spec.rows
    for array in spec.arrays:
        assert prepared.arrays[array.name].shape == (len(prepared.targets), *array.shape)


def test_the_same_recipe_gives_the_same_bits(tmp_path):
    for name in ("sms_spam", "sign_language", "california_housing"):
        recipe = propose(sample_source(name))
        first, second = (prepare(recipe, tmp_path / place).folder for place in ("a", "b"))
        assert contents(first) == contents(second)


def test_prepared_data_are_taken_from_the_cache(tmp_path, monkeypatch):
    recipe = propose(sample_source("sms_spam"))
    assert prepared_spec(recipe, tmp_path) is None
    prepared = prepare(recipe, tmp_path)
    monkeypatch.delattr(preparing, "open_source")
    assert prepare(recipe, tmp_path).folder == prepared.folder
    assert prepared_spec(recipe, tmp_path) == prepared.spec


def test_another_setting_or_content_is_prepared_anew(tmp_path, csv_file):
    source = csv_source(csv_file(TABLE))
    recipe = DataRecipe(source, roles={"size": "numeric", "kind": "target"})
    first = prepare(recipe, tmp_path / "cache")
    other = prepare(replace(recipe, split={"seed": 2}), tmp_path / "cache")
    csv_file(TABLE + "99,red,b\n")
    third = prepare(recipe, tmp_path / "cache")
    assert len({first.folder, other.folder, third.folder}) == 3
    assert len(third.targets) == 41
    assert third.spec.data_hash == hash_files([Path(source["path"])]) != first.spec.data_hash


def test_several_at_once_make_one_folder(tmp_path):
    recipe = propose(sample_source("sms_spam"))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: prepare(recipe, tmp_path), range(4)))
    assert len({prepared.folder for prepared in found}) == 1
    assert [path.name for path in tmp_path.iterdir()] == [found[0].folder.name]


@pytest.mark.parametrize(
    ("name", "room"), [("digits", 1_000_000), ("sms_spam", 10_000), ("shakespeare_genres", 500_000)]
)
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, name, room):
    recipe = propose(sample_source(name))
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        code, message = refusal(recipe, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == "disk_full"
    assert "Free some space" in message


def test_what_a_killed_process_left_is_removed(tmp_path, csv_file):
    old, young = tmp_path / "cache/.preparing-old", tmp_path / "cache/.preparing-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 1e6,) * 2)
    prepare(DataRecipe(csv_source(csv_file(TABLE))), tmp_path / "cache")
    assert young.exists() and not old.exists()


def test_what_another_process_has_finished_meanwhile_is_no_error(tmp_path, csv_file):
    # It is listed, and gone when it is looked at.
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/.preparing-other").symlink_to(tmp_path / "gone")
    assert len(prepare(DataRecipe(csv_source(csv_file(TABLE))), tmp_path / "cache").targets) > 0


def test_progress_is_told(tmp_path):
    told = []
    prepare(propose(sample_source("sign_language")), tmp_path, lambda share, text: told.append((share, text)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert any("2,062" in text for _, text in told)


def test_the_vocabulary_comes_from_the_training_part(prepared_sample):
    prepared = prepared_sample("sms_spam")
    settings = prepared.spec.inputs[0].settings
    texts = [prepared.sample(int(row))["text"] for row in prepared.indices["train"]]
    assert settings["vocabulary"] == build_vocabulary(
        [texts], propose(sample_source("sms_spam")).settings()["vocabulary_size"]
    )
    expected = encode_texts(settings, texts)
    assert np.array_equal(prepared.arrays["tokens"][prepared.indices["train"]], expected)


def test_means_and_the_target_come_from_the_training_part(prepared_sample):
    prepared = prepared_sample("california_housing")
    settings = prepared.spec.inputs[0].settings
    train = prepared.indices["train"]
    rooms = pd.read_feather(prepared.folder / "rows.arrow")["total_bedrooms"].to_numpy()[train]
    place = settings["numeric_columns"].index("total_bedrooms")
    assert settings["means"][place] == pytest.approx(np.nanmean(rooms))
    assert settings["variances"][place] == pytest.approx(np.nanvar(rooms))
    filled = prepared.arrays["numeric"][train, place]
    assert np.allclose(filled[np.isnan(rooms)], np.nanmean(rooms))
    assert prepared.spec.target_mean == pytest.approx(prepared.targets[train].mean(dtype=np.float64))
    assert prepared.spec.target_variance == pytest.approx(prepared.targets[train].var(dtype=np.float64))


def test_categories_have_an_index_each_and_one_for_the_others(tmp_path, csv_file):
    rows = "".join(f"{'?' if n == 0 else 'xyz'[n % 3]},{n},{'ab'[n % 2]}\n" for n in range(60))
    roles = {"letter": "categorical", "n": "categorical", "kind": "target"}
    recipe = DataRecipe(csv_source(csv_file("letter,n,kind\n" + rows)), roles=roles)
    prepared = prepare(recipe, tmp_path / "cache")
    features = prepared.spec.inputs[0]
    letters = prepared.arrays["categorical"][:, 0]
    assert features.settings["categories"]["letter"] == ["x", "y", "z"]
    assert features.settings["offsets"] == {"letter": 0, "n": 4}
    assert letters[:4].tolist() == [0, 2, 3, 1]
    assert prepared.arrays["categorical"][:, 1].min() == 4, "numbers that only other parts have are unknown"
    assert prepared.arrays["categorical"].max() < features.category_count


def test_text_and_columns_can_be_used_together(tmp_path, csv_file):
    rows = "".join(f"this is note number {n} here,{n},{'ab'[n % 2]}\n" for n in range(40))
    recipe = propose(csv_source(csv_file("note,size,kind\n" + rows)))
    prepared = prepare(replace(recipe, roles=recipe.roles | {"size": "numeric"}), tmp_path / "cache")
    assert [item.name for item in prepared.spec.inputs] == ["text", "features"]
    assert prepared.sample(3) == {"kind": "table", "row": {"note": "this is note number 3 here", "size": 3.0}}


def test_rows_without_a_target_are_left_out_and_told(tmp_path, csv_file):
    path = csv_file(TABLE + "1,red,\n2,red,NA\n")
    prepared = prepare(DataRecipe(csv_source(path)), tmp_path / "cache")
    assert len(prepared.targets) == 40
    assert "2 row(s)" in prepared.problems[0].message
    assert prepared.problems[0].severity == "warning"


def test_numbers_without_a_value_are_left_out_of_a_regression(tmp_path, csv_file):
    path = csv_file(
        "a,price\n" + "".join(f"{n % 7},{n * 1.5}\n" for n in range(40)) + "1,nan\n2,?\n3,cheap\n"
    )
    prepared = prepare(DataRecipe(csv_source(path), task="regression"), tmp_path / "cache")
    assert len(prepared.targets) == 40
    assert any("3 row(s)" in problem.message for problem in prepared.problems)


@pytest.mark.parametrize(
    ("content", "task", "code"),
    [
        ("a,y\n" + "1,same\n2,same\n" * 10, "classification", "one_class"),
        ("a,y\n" + "".join(f"{n},5\n" for n in range(20)), "regression", "constant_target"),
        ("a,y\n" + "1,\n2,\n" * 10, "classification", "no_target_values"),
        ("a,y\n" + "1,red\n2,blue\n" * 10, "regression", "not_numeric"),
        ("a,y\n" + "".join(f"{n % 5},name {n}\n" for n in range(80)), "classification", "too_many_classes"),
        ("a,y\n" + "1,x\n2,x\n" * 10 + "3,rare\n", "classification", "too_few_rows_per_class"),
        ("a,y\n1,x\n2,z\n", "classification", "too_few_rows"),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(content, task, code, csv_file, tmp_path):
    recipe = DataRecipe(csv_source(csv_file(content)), task=task, roles={"a": "numeric", "y": "target"})
    assert refusal(recipe, tmp_path / "cache")[0] == code


def test_classes_written_as_1_and_1_0_are_one(tmp_path, csv_file):
    path = csv_file("a,y\n" + "1,1\n2,1.0\n3,2\n4,10.0\n" * 5)
    recipe = DataRecipe(csv_source(path), roles={"a": "numeric", "y": "target"})
    assert prepare(recipe, tmp_path / "cache").spec.class_names == ("1", "2", "10")


def test_classes_with_a_decimal_comma_are_those_of_the_profile(tmp_path, csv_file):
    path = csv_file("a;y;z\n" + "1;1;2\n2;1,0;2,0\n3;2,5;0\n4;10,0;0\n" * 5)
    roles = {"a": "numeric", "y": "target", "z": "class_target"}
    recipe = DataRecipe(csv_source(path), roles=roles)
    spec = prepare(recipe, tmp_path / "cache").spec
    assert spec.class_names == ("1", "2,5", "10") == tuple(profile(recipe)["class_balance"])
    assert spec.further_targets[0].class_names == ("0", "2")


def test_classes_of_very_many_digits_have_an_order(tmp_path, csv_file):
    names = ["9" * 5000, "10", "9", "09"]
    path = csv_file("x,kind\n" + "".join(f"{n * n},k{names[n % 4]}\n" for n in range(80)))
    prepared = prepare(DataRecipe(csv_source(path)), tmp_path / "cache")
    assert prepared.spec.class_names == tuple(f"k{name}" for name in ("09", "9", "10", "9" * 5000))


def test_a_bad_recipe_is_refused_before_reading(tmp_path):
    recipe = DataRecipe({"kind": "sample", "name": "digits"}, split={"validation": 3})
    assert refusal(recipe, tmp_path / "cache")[0] == "bad_parameter"
    assert prepared_spec(recipe, tmp_path / "cache") is None


def test_pictures_that_are_broken_are_left_out_and_named(tmp_path, zip_file):
    cut = picture(form="JPEG", side=64)[:-300]
    path = zip_file(two_classes(20) | {"dogs/cut.jpg": cut, "cats/empty.png": b""})
    prepared = prepare(DataRecipe(image_source(path)), tmp_path / "cache")
    assert len(prepared.targets) == len(prepared.arrays["image"]) == 40
    message = prepared.problems[0].message
    assert "2 picture(s)" in message and "dogs/cut.jpg" in message and "cats/empty.png" in message


def test_a_picture_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    for name, content in two_classes(20).items():
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / name).write_bytes(content)
    read = Path.read_bytes

    def refuse(path):
        if path.name == "7.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    code, message = refusal(DataRecipe(image_source(tmp_path / "pictures")), tmp_path / "cache")
    assert code == "unreadable_file" and "7.png" in message


def test_too_many_broken_pictures_are_refused(tmp_path, zip_file):
    broken = {f"cats/broken{n}.png": b"x" for n in range(10)}
    code, message = refusal(DataRecipe(image_source(zip_file(two_classes(20) | broken))), tmp_path / "cache")
    assert code == "broken_images"
    assert "10 of 50" in message and "cats/broken0.png" in message


@pytest.mark.parametrize(
    ("members", "changes", "code"),
    [
        ({f"only/{n}.png": picture() for n in range(12)}, {}, "one_class"),
        (two_classes(), {"task": "regression"}, "task_needs_numbers"),
        (two_classes(), {"split": {"method": "given"}}, "no_given_test"),
        (two_classes() | {"rare/1.png": picture()}, {}, "too_few_rows_per_class"),
    ],
)
def test_pictures_that_do_not_fit_the_recipe_are_refused(members, changes, code, tmp_path, zip_file):
    found, _ = refusal(replace(DataRecipe(image_source(zip_file(members))), **changes), tmp_path / "cache")
    assert found == code


def test_pictures_in_one_folder_are_enough_to_make_up_new_ones(tmp_path, zip_file):
    source = image_source(zip_file({f"{number}.png": picture() for number in range(12)}))
    assert propose(source).task == "generation"
    recipe = DataRecipe(source, task="generation", split={"method": "random"})
    prepared = prepare(recipe, tmp_path / "cache")
    assert prepared.spec.task == "generation" and sum(prepared.spec.rows.values()) == 12
    code, message = refusal(DataRecipe(source), tmp_path / "other")
    assert code == "one_class" and "making up new pictures" in message


def test_the_automatic_size_is_the_usual_one_and_bounded(tmp_path, zip_file):
    large = {name: picture(200, "L", side=300) for name in two_classes()}
    automatic = {"image_height": "auto", "image_width": "auto"}
    prepared = prepare(DataRecipe(image_source(zip_file(large)), preprocessing=automatic), tmp_path / "cache")
    assert prepared.spec.inputs[0].settings == {"rescale": True, "height": 128, "width": 128, "channels": 1}


def test_samples_are_shown_as_they_came(prepared_sample):
    photo = prepared_sample("sign_language").sample(0)
    assert (
        photo["kind"] == "image" and photo["array"].shape == (64, 64, 3) and photo["array"].dtype == np.uint8
    )
    assert prepared_sample("sms_spam").sample(0)["text"].startswith("Go until jurong point, crazy..")
    person = prepared_sample("adult_income").sample(14)["row"]
    assert person["age"] == 40.0 and person["native_country"] is None and "fnlwgt" not in person


def test_prepared_data_open_again(prepared_sample):
    prepared = prepared_sample("adult_income")
    again = Prepared.open(prepared.folder)
    assert again.spec == prepared.spec
    assert isinstance(again.targets, np.memmap)
