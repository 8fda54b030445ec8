"""Explanations of single answers keep the axioms of their methods, and say how far they can be trusted."""

from dataclasses import replace
from itertools import permutations

import keras
import numpy as np
import pytest
from small_models import small
from small_tasks import trained

from builder.data.preprocessing import model_input_tensors
from builder.data.spec import ArraySpec, DataSpec, ModelInput
from builder.errors import BuilderError
from builder.explain.local.answer import answer_to
from builder.explain.local.explaining import explained
from builder.explain.local.faithfulness import faithfulness
from builder.explain.local.gradients import cam, grad_cam
from builder.explain.local.perturbing import shapley
from builder.explain.local.units import Units

KINDS = ("cnn", "lstm", "transformer", "table", "regression")


def sample(prepared, number=3):
    row = int(prepared.indices["test"][number])
    arrays = prepared.spec.arrays
    return {item.name: prepared.arrays[item.name][row : row + 1].astype(item.dtype) for item in arrays}


def explain(kind, method, **options):
    model, _, prepared = small(kind)
    return explained(model, prepared.spec, sample(prepared), method, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_integrated_gradients_add_up_to_the_answer(kind):
    assert explain(kind, "integrated_gradients")["accuracy"]["completeness_error"] < 0.01


@pytest.mark.parametrize("kind", ["cnn", "lstm", "table"])
def test_shapley_values_add_up_to_the_answer(kind):
    found = explain(kind, "shapley")
    assert found["accuracy"]["additivity_error"] < 1e-3
    total = sum(sum(item["scores"]) for item in found["inputs"])
    assert total == pytest.approx(found["value"] - found["empty"], abs=1e-3)


@pytest.mark.parametrize("kind", ["lstm", "table"])
def test_lime_tells_how_well_it_fits(kind):
    assert 0 < explain(kind, "lime")["accuracy"]["r2"] <= 1


def test_what_is_marked_moves_the_answer_more_than_chance_and_its_reverse_does_not():
    model, _, prepared = small("cnn")
    arrays = sample(prepared)
    answer, units = answer_to(model, prepared.spec, arrays), Units(prepared.spec, arrays)
    scores = shapley(answer, units, lambda share: None).scores
    assert faithfulness(answer, units, scores).verdict == "trust"
    assert faithfulness(answer, units, -scores).verdict == "doubt"


def words_of(count):
    """The model and the data of texts, and a sample of so many words."""
    model, _, prepared = small("lstm")
    arrays = sample(prepared)
    arrays["tokens"][:, count:] = 0
    return model, prepared.spec, arrays


@pytest.mark.parametrize("count", [2, 3])
def test_the_best_ranking_of_few_parts_is_trusted_and_its_reverse_is_not(count):
    model, spec, arrays = words_of(count)
    answer, units = answer_to(model, spec, arrays), Units(spec, arrays)
    by_deletion = {}
    for scores in permutations(range(count)):
        by_deletion[scores] = faithfulness(answer, units, np.array(scores, float))
    best = min(by_deletion.values(), key=lambda found: found.deletion)
    assert best.deletion_rank == 1.0 and best.deletion < best.insertion
    worst = max(by_deletion.values(), key=lambda found: found.deletion)
    assert worst.deletion_rank == 0.0
    assert (best.verdict, worst.verdict) == ("trust", "doubt")


def test_of_a_single_part_there_is_nothing_to_rank():
    found = explained(*words_of(1), "shapley")
    assert found["faithfulness"]["verdict"] == "care"
    assert "one part" in found["faithfulness"]["words"]
    assert np.isfinite(found["faithfulness"]["random_deletion"]).all()


def test_lime_finds_what_a_single_part_does():
    found = explained(*words_of(1), "lime")
    [score] = found["inputs"][0]["scores"]
    assert score == pytest.approx(found["value"] - found["empty"], rel=0.1)
    assert found["accuracy"]["r2"] > 0.95


def test_a_label_by_itself_is_explained_as_it_is_answered():
    _, _, prepared = small("table")
    spec = replace(prepared.spec, task="multi_label", class_names=("rich",))
    tensors, x = model_input_tensors(spec.inputs[0])
    keras.utils.set_random_seed(1)
    model = keras.Model({item.name: item for item in tensors}, keras.layers.Dense(1, "sigmoid")(x))
    found = explained(model, spec, sample(prepared), "integrated_gradients")
    assert found["accuracy"]["completeness_error"] < 0.01


@pytest.mark.parametrize("kind", ["table", "series"])
def test_what_is_measured_in_small_units_is_no_less_sensitive(kind):
    names, deviations = ["years", "grams"], np.array([0.1, 5000.0])
    settings = {"means": [1.0, 9000.0], "variances": (deviations**2).tolist()}
    if kind == "table":
        settings |= {"numeric_columns": names, "categorical_columns": [], "normalize": True}
    shape, array = {"table": ((2,), "numeric"), "series": ((6, 2), "series")}[kind]
    item = ModelInput("data", kind, (ArraySpec(array, shape, "float32"),), {**settings, "columns": names})
    spec = DataSpec("regression", (item,), (), "y", 0.0, 1.0)
    start = keras.Input(shape, name=array)
    both = keras.layers.Flatten()(start / deviations.astype("float32"))
    model = keras.Model({array: start}, keras.layers.Dense(1, kernel_initializer="ones")(both))
    values = np.broadcast_to(np.float32([1.05, 12000.0]), (1, *shape)).copy()
    [found] = explained(model, spec, {array: values}, "smooth_gradients")["inputs"]
    assert np.allclose(found["scores"], found["scores"][0], rtol=1e-3)


def test_integrated_gradients_follow_a_sound_out_of_silence():
    # Its loudness is a logarithm, which rises most steeply at the very beginning of the way.
    assert explain("sound", "integrated_gradients")["accuracy"]["completeness_error"] < 0.05


def test_a_class_activation_map_is_the_sum_weighted_by_mean_slopes():
    maps = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    slopes = np.array([[[1.0, -1.0], [3.0, -1.0]]])
    # By hand: the weights are 2 and -1.
    assert cam(maps, slopes).tolist() == [[0.0, 2.0]]


def test_grad_cam_leaves_the_model_as_it_was():
    model, _, prepared = small("cnn")
    arrays = sample(prepared)
    before = np.asarray(model(arrays))
    answer, units = answer_to(model, prepared.spec, arrays), Units(prepared.spec, arrays)
    scores = grad_cam(answer, units, lambda share: None).scores
    assert scores.min() >= 0 and scores.max() > 0
    assert np.array_equal(np.asarray(model(arrays)), before)
    assert all("call" not in vars(layer) for layer in model.layers)


def text_beside_series():
    """A model of a text and a series of two channels, the description of both, and one sample."""
    _, _, prepared = small("lstm")
    series = ModelInput("series", "series", (ArraySpec("series", (24, 2), "float32"),), {"means": [0, 0]})
    spec = replace(prepared.spec, inputs=(*prepared.spec.inputs, series))
    keras.utils.set_random_seed(1)
    words, steps = keras.Input((30,), dtype="int32", name="tokens"), keras.Input((24, 2), name="series")
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(2000, 4)(words))
    y = keras.layers.GlobalMaxPooling1D()(keras.layers.Conv1D(8, 3, activation="relu")(steps))
    output = keras.layers.Dense(2, activation="softmax")(keras.layers.Concatenate()([x, y]))
    model = keras.Model({"tokens": words, "series": steps}, output)
    waves = np.random.default_rng(1).normal(size=(1, 24, 2)).astype(np.float32)
    return model, spec, {**sample(prepared), "series": waves}


def test_a_class_activation_map_lies_over_the_input_that_it_was_made_from():
    found = explained(*text_beside_series(), "grad_cam")
    words, series = found["inputs"]
    assert not any(words["scores"]) and any(series["scores"])
    # It knows of steps alone: all channels of a stretch have the same.
    by_stretch = np.reshape(series["scores"], (-1, 2))
    assert np.array_equal(by_stretch[:, 0], by_stretch[:, 1])


def pair_of(kind, shape, reader, tail):
    """A model that answers from the second of two inputs alone, which share their layers, and its data."""
    names = ("left", "right")
    dtype = "int32" if kind == "text" else "float32"
    settings = {"vocabulary": ["", "[UNK]", *"abcdefgh"]} if kind == "text" else {}
    items = tuple(ModelInput(name, kind, (ArraySpec(name, shape, dtype),), settings) for name in names)
    keras.utils.set_random_seed(1)
    inputs = {name: keras.Input(shape, dtype=dtype, name=name) for name in names}
    left, right = (tail(reader(inputs[name])) for name in names)
    output = keras.layers.Dense(1, "sigmoid")(keras.layers.Add()([right, keras.layers.Rescaling(0.0)(left)]))
    model = keras.Model(inputs, output)
    return model, DataSpec("classification", items, ("no", "yes"), target_name="same")


def test_a_class_activation_map_of_a_layer_that_two_pictures_share_keeps_them_apart():
    convolution = keras.layers.Conv2D(8, 3, padding="same", activation="relu")
    model, spec = pair_of("image", (8, 8, 1), convolution, keras.layers.GlobalAveragePooling2D())
    random = np.random.default_rng(1)
    arrays = {name: random.random((1, 8, 8, 1)).astype(np.float32) for name in ("left", "right")}
    found = (
        explained(model, spec, arrays, "grad_cam", "no"),
        explained(model, spec, arrays, "grad_cam", "yes"),
    )
    assert all(not any(one["inputs"][0]["scores"]) for one in found)
    assert any(any(one["inputs"][1]["scores"]) for one in found)


def test_gradients_follow_two_texts_through_the_vectors_that_they_share():
    model, spec = pair_of("text", (5,), keras.layers.Embedding(10, 4), keras.layers.GlobalAveragePooling1D())
    arrays = {"left": np.array([[2, 3, 4, 0, 0]], "int32"), "right": np.array([[5, 6, 7, 8, 0]], "int32")}
    found = explained(model, spec, arrays, "integrated_gradients")
    assert found["accuracy"]["completeness_error"] < 0.01
    assert not any(found["inputs"][0]["scores"]) and all(found["inputs"][1]["scores"])


def test_units_name_the_parts_of_a_sample():
    _, _, prepared = small("table")
    units = Units(prepared.spec, sample(prepared))
    settings = prepared.spec.inputs[0].settings
    assert units.labels == [*settings["numeric_columns"], *settings["categorical_columns"]]
    _, _, texts = small("lstm")
    arrays = sample(texts)
    assert Units(texts.spec, arrays).count == int((arrays["tokens"] != 0).sum())


def test_a_whole_sample_is_itself_and_what_is_taken_away_is_gone():
    for kind in KINDS:
        _, _, prepared = small(kind)
        arrays = sample(prepared)
        units = Units(prepared.spec, arrays)
        whole = units.masked(np.ones((1, units.count), bool))
        assert all(np.array_equal(whole[name], arrays[name]) for name in arrays)
        nothing = units.masked(np.zeros((1, units.count), bool))
        assert any(not np.array_equal(nothing[name], arrays[name]) for name in arrays)


def test_a_number_has_no_class_to_choose():
    with pytest.raises(BuilderError, match="predicts the number 'median_house_value' and knows no classes"):
        explain("regression", "occlusion", chosen="cheap")


def test_a_class_can_be_chosen_and_an_unknown_one_is_refused():
    assert explain("table", "occlusion", chosen=">50K")["label"] == ">50K"
    with pytest.raises(BuilderError, match="knows no 'rich'"):
        explain("table", "occlusion", chosen="rich")


def test_what_cannot_be_explained_is_refused_in_words():
    with pytest.raises(BuilderError, match="Grad-CAM needs feature maps"):
        explain("table", "grad_cam")
    with pytest.raises(BuilderError, match="There is no method"):
        explain("table", "magic")
    model, _, prepared = trained("language_model")
    with pytest.raises(BuilderError, match="classes, labels and numbers"):
        explained(model, prepared.spec, sample(prepared))


def test_a_forecast_is_explained_by_its_past():
    model, _, prepared = trained("forecasting")
    found = explained(model, prepared.spec, sample(prepared), "integrated_gradients")
    assert found["accuracy"]["completeness_error"] < 0.01
    assert found["inputs"][0]["kind"] == "series"


def test_the_work_can_be_ended():
    def stop_it(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain("table", "lime", tick=stop_it)
    assert isinstance(small("table")[0], keras.Model)
