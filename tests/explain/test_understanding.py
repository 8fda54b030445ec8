"""What is told of a model as a whole is true: planted faults, columns that matter, known calibrations."""

from dataclasses import replace

import keras
import numpy as np
import pairs_cases
import pandas as pd
import pytest
from small_models import build, small

from builder import compiler
from builder.blocks.cumulative_link import CumulativeLink
from builder.data.prepare import prepare
from builder.data.preprocessing import model_input_tensors
from builder.data.sources import SAMPLES_FOLDER
from builder.data.spec import ArraySpec, DataSpec, ModelInput
from builder.data.tokenizers import text_of
from builder.errors import BuilderError
from builder.explain.cells import cells
from builder.explain.curves import class_curves
from builder.explain.evaluation import evaluate
from builder.explain.inside.attention import attention_maps, focus
from builder.explain.inside.filters import first_filters
from builder.explain.inside.projector import embedding_map, pca
from builder.explain.inside.weights import weight_distributions
from builder.explain.local.explaining import explained_row
from builder.explain.preview.attention import recorded_attention
from builder.explain.sample_traits import traits
from builder.explain.scores import calibration
from builder.explain.slices import slices, wilson_lower, worst_slices
from builder.explain.targets import arrays_of_row
from builder.explain.whole.dependence import partial_dependence
from builder.explain.whole.importance import permutation_importance
from builder.explain.whole.summary import shapley_summary
from builder.explain.whole.surrogate import surrogate_rules
from builder.project import DataRecipe, load_preset

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def incomes():
    model, _, prepared = small("table")
    return model, prepared


@pytest.fixture(scope="module")
def of_one_column(incomes):
    """Return a model that reads the data of all columns and answers by the age alone: over 40 or not."""
    _, prepared = incomes
    item = prepared.spec.inputs[0]
    inputs, _ = model_input_tensors(item)
    numbers = next(tensor for tensor in inputs if tensor.name == "numeric")
    place = list(item.settings["numeric_columns"]).index("age")
    score = (numbers[:, place : place + 1] - 40.0) / 5.0
    output = keras.layers.Activation("sigmoid")(score)
    return keras.Model({tensor.name: tensor for tensor in inputs}, output)


def test_a_perfectly_calibrated_predictor_misses_by_no_more_than_chance():
    random = np.random.default_rng(5)
    chance = random.uniform(0.5, 1.0, 40_000)
    targets = (random.random(40_000) >= chance).astype(int)
    found = calibration(np.stack([chance, 1 - chance], axis=1), targets)
    assert found["expected_error"] < 0.01
    # A predictor that is always twice as far from a coin's throw as it should be.
    sure = np.clip(2 * chance - 0.5, 0.5, 0.999)
    overdone = calibration(np.stack([sure, 1 - sure], axis=1), targets)
    assert overdone["expected_error"] == pytest.approx(np.mean(sure - chance), abs=0.01)


def test_the_expected_calibration_error_is_the_weighted_gap_of_its_formula():
    chances = np.array([[0.95, 0.05], [0.93, 0.07], [0.62, 0.38], [0.35, 0.65]])
    # By hand: 2 of 4 at 0.94, one of them right; 2 of 4 at 0.635, both right.
    wanted = 0.5 * abs(0.94 - 0.5) + 0.5 * abs(0.635 - 1.0)
    found = calibration(chances, np.array([0, 1, 0, 1]))
    assert found["expected_error"] == pytest.approx(wanted)


def test_curves_of_a_perfect_and_of_a_blind_classifier():
    truth = np.arange(200) % 2 == 1
    perfect = class_curves(np.stack([~truth, truth], 1) * 1.0, np.stack([~truth, truth], 1), ["a", "b"])
    assert [item["roc_auc"] for item in perfect] == [1.0, 1.0]
    assert perfect[1]["average_precision"] == 1.0
    blind = class_curves(np.full((200, 2), 0.5), np.stack([~truth, truth], 1), ["a", "b"])
    assert blind[0]["roc_auc"] == 0.5 and blind[0]["average_precision"] == 0.5


def test_every_sample_is_in_one_cell_and_the_surest_error_comes_first():
    chances = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]])
    found = cells(chances, np.array([1, 1, 1, 0]), np.array([10, 20, 30, 40]), ["a", "b"])
    assert sum(cell["count"] for cell in found) == 4
    first = found[0]
    assert (first["true"], first["predicted"]) == ("b", "a")
    assert [sample["row"] for sample in first["samples"]] == [10, 20]
    assert found[-1]["true"] == found[-1]["predicted"] == "b"


def test_the_confusion_matrix_and_its_cells_count_the_same():
    model, _, prepared = small("cnn")
    report = evaluate(model, prepared)
    names = report["class_names"]
    for cell in report["cells"]:
        place = names.index(cell["true"]), names.index(cell["predicted"])
        assert report["confusion_matrix"][place[0]][place[1]] == cell["count"]
        assert all(names[prepared.targets[sample["row"]]] == cell["true"] for sample in cell["samples"])
    assert len(report["curves"]) == 10 and all(item["roc_auc"] > 0.8 for item in report["curves"])


def test_a_planted_fault_is_found_and_told_with_its_bounds(incomes):
    _, prepared = incomes
    rows = np.asarray(prepared.indices["test"])
    found = traits(prepared, rows)
    fault = next(trait for trait in found if trait.label == "workclass is Local-gov")
    random = np.random.default_rng(2)
    bad = random.random(len(rows)) < np.where(fault.inside, 0.5, 0.1)
    first = worst_slices(found, bad, 50)[0][0]
    assert first.conditions == ("workclass is Local-gov",)
    assert first.lowest > bad.mean() and first.rate == pytest.approx(0.5, abs=0.1)


def test_where_errors_are_chance_no_group_is_called_worse(incomes):
    _, prepared = incomes
    rows = np.asarray(prepared.indices["test"])
    found = traits(prepared, rows)
    alarms = 0
    for seed in range(4):
        bad = np.random.default_rng(seed).random(len(rows)) < 0.15
        alarms += any(item.lowest > bad.mean() for item in worst_slices(found, bad, 50)[0])
    assert alarms == 0


def test_wilsons_bound_is_that_of_his_formula():
    # 3 of 10 at z = 1.96, as tables of the interval have it.
    assert wilson_lower(3, 10, 1.96) == pytest.approx(0.1078, abs=1e-3)
    assert wilson_lower(0, 10, 1.96) == 0.0


@pytest.mark.parametrize("kind", ["cnn", "regression", pytest.param("lstm", marks=pytest.mark.exhaustive)])
def test_groups_are_looked_for_in_pictures_texts_and_numbers(kind):
    model, _, prepared = small(kind)
    found = slices(model, prepared)
    assert found["tested"] > 10 and 0 < found["error_rate"] < 0.5
    tests = set(np.asarray(prepared.indices["test"]).tolist())
    for item in found["slices"]:
        assert item["support"] >= found["least_rows"]
        assert {sample["row"] for sample in item["samples"]} <= tests
        assert item["lowest"] <= item["error_rate"]


def test_permutation_importance_finds_the_one_column_that_counts(incomes, of_one_column):
    _, prepared = incomes
    # The answers of the model itself are what is right, so that nothing but the age counts.
    truth = of_one_column.predict_on_batch(
        {name: np.asarray(values[:8000]) for name, values in prepared.arrays.items()}
    )
    targets = np.array(prepared.targets)
    targets[:8000] = truth[:, 0] > 0.5
    rows = np.asarray(prepared.indices["test"])
    own = replace(prepared, targets=targets, indices={**prepared.indices, "test": rows[rows < 8000]})
    found = permutation_importance(of_one_column, own, repeats=3)
    assert found["score"] == 1.0
    first, *others = found["parts"]
    assert first["label"] == "age" and first["clear"] and first["worse"] > 0.2
    assert all(part["worse"] == 0 and not part["clear"] for part in others)


def test_importance_of_pictures_is_told_by_place_and_of_texts_as_wholes():
    model, _, prepared = small("cnn")
    found = permutation_importance(model, prepared, repeats=1)
    assert found["grids"] == {"image": [8, 8]} and len(found["parts"]) == 64
    corner = next(part for part in found["parts"] if part["label"] == "row 1, column 1")
    assert corner["worse"] <= found["parts"][0]["worse"]
    model, _, prepared = small("lstm")
    [part] = permutation_importance(model, prepared, repeats=2)["parts"]
    assert part["label"] == "the text as a whole" and part["clear"]


def test_dependence_follows_the_column_that_the_answer_follows(incomes, of_one_column):
    _, prepared = incomes
    found = partial_dependence(of_one_column, prepared, "age")
    wanted = 1 / (1 + np.exp(-(np.array(found["values"]) - 40) / 5))
    assert found["mean"] == pytest.approx(wanted.tolist(), abs=1e-4)
    flat = partial_dependence(of_one_column, prepared, "sex")
    assert np.ptp(flat["mean"]) < 1e-6 and flat["values"][0] == "other or missing"
    assert sum(flat["seen"]) == len(prepared.indices["train"])


def test_a_tree_of_a_model_of_one_question_asks_it_and_is_faithful(incomes, of_one_column):
    _, prepared = incomes
    found = surrogate_rules(of_one_column, prepared, depth=1)
    assert found["fidelity"] == 1.0 and found["simple"] < 0.8
    assert all(rule["conditions"][0].startswith("age") for rule in found["rules"])
    assert sum(rule["share"] for rule in found["rules"]) == pytest.approx(1)


def test_a_summary_of_shapley_values_gives_the_credit_to_the_one_column(incomes, of_one_column):
    _, prepared = incomes
    found = shapley_summary(of_one_column, prepared)
    first, *others = found["inputs"][0]["parts"]
    assert first["label"] == "age" and found["largest_error"] < 1e-3
    assert all(part["mean"] < 1e-6 for part in others)
    oldest = max(first["points"], key=lambda point: point["share"])
    assert oldest["score"] > 0


@pytest.fixture(scope="module")
def of_one_country(incomes):
    """Return a model and data in which everyone is of the same country, so that no other is learned."""
    _, prepared = incomes
    settings = prepared.spec.inputs[0].settings
    place = list(settings["categorical_columns"]).index("native_country")
    codes = np.array(prepared.arrays["categorical"])
    codes[:, place] = settings["offsets"]["native_country"] + 1
    return build("table", prepared), replace(prepared, arrays={**prepared.arrays, "categorical": codes})


@pytest.mark.parametrize("method", ["occlusion", "shapley", "integrated_gradients"])
def test_a_column_that_never_changes_moves_no_answer(method, of_one_country):
    [shown] = explained_row(*of_one_country, 0, method)["inputs"]
    scores = dict(zip(shown["labels"], shown["scores"], strict=True))
    assert scores["native_country"] == pytest.approx(0, abs=1e-6)
    assert any(abs(score) > 1e-4 for score in scores.values())


def test_a_column_that_never_changes_has_no_shapley_values(of_one_country):
    [shown] = shapley_summary(*of_one_country)["inputs"]
    means = {part["label"]: part["mean"] for part in shown["parts"]}
    assert means["native_country"] == pytest.approx(0, abs=1e-6) and means["occupation"] > 1e-4


def test_missing_values_do_not_take_the_order_from_a_column(tmp_path):
    table = pd.read_csv(SAMPLES_FOLDER / "adult_income" / "train.csv.gz", dtype=str, keep_default_na=False)
    table = table[["age", "education_num", "income"]].iloc[:300]
    table.loc[::3, "age"] = ""
    table.to_csv(tmp_path / "incomes.csv", index=False)
    data = prepare(DataRecipe({"kind": "csv", "path": str(tmp_path / "incomes.csv")}), tmp_path / "cache")
    [shown] = shapley_summary(build("table", data), data)["inputs"]
    points = next(part["points"] for part in shown["parts"] if part["label"] == "age")
    known = [point for point in points if point["value"] != "missing"]
    assert 0 < len(known) < len(points)
    assert [float(point["value"]) for point in sorted(known, key=lambda point: point["share"])] == sorted(
        float(point["value"]) for point in known
    )
    assert {point["share"] for point in points if point not in known} == {0.5}


def test_what_does_not_fit_is_said_in_words(incomes):
    model, _, prepared = small("cnn")
    for ask in (surrogate_rules, lambda *given: partial_dependence(*given, "age")):
        with pytest.raises(BuilderError, match="means nothing by itself"):
            ask(model, prepared)
    table, data = incomes
    with pytest.raises(BuilderError, match="no attention layers"):
        attention_maps(table, data.spec, arrays_of_row(data, 0))
    with pytest.raises(BuilderError, match="no convolution"):
        first_filters(table)
    with pytest.raises(BuilderError, match="reads no column 'wealth'"):
        partial_dependence(table, data, "wealth")
    with pytest.raises(BuilderError, match="There is no row"):
        arrays_of_row(data, -1)


def test_weights_and_filters_are_those_of_the_model():
    model, _, _ = small("cnn")
    layers = {layer["name"]: layer for layer in weight_distributions(model)["layers"]}
    kernel = np.asarray(model.get_layer("conv_1").kernel)
    told = layers["conv_1"]["weights"][0]
    assert told["mean"] == pytest.approx(kernel.mean(), abs=1e-6)
    assert sum(told["histogram"]["counts"]) == kernel.size
    assert sum(layer["parameters"] for layer in layers.values()) == model.count_params()
    found = first_filters(model)
    assert found["layer"] == "conv_1" and found["count"] == 8 == len(found["filters"])
    strengths = [item["strength"] for item in found["filters"]]
    assert strengths == sorted(strengths, reverse=True)


@pytest.mark.parametrize(
    ("layer", "shape", "name", "place", "share"),
    [
        (keras.layers.Dense(4), (3,), "kernel", np.s_[:, 1], 1 / 4),
        (keras.layers.Conv2D(4, 3), (8, 8, 3), "kernel", np.s_[..., 1], 1 / 4),
        (keras.layers.Conv2DTranspose(4, 3), (8, 8, 3), "kernel", np.s_[:, :, 1], 1 / 4),
        (keras.layers.Conv2DTranspose(4, 3), (8, 8, 3), "kernel", np.s_[..., 1], 0),
        (keras.layers.DepthwiseConv2D(3, depth_multiplier=2), (8, 8, 3), "kernel", np.s_[..., 2, 1], 1 / 6),
        (keras.layers.SeparableConv1D(4, 3), (8, 3), "depthwise_kernel", np.s_[:, 2], 1 / 3),
        (keras.layers.SeparableConv1D(4, 3), (8, 3), "pointwise_kernel", np.s_[..., 1], 1 / 4),
        (keras.layers.EinsumDense("abc,cde->abde", (None, 2, 4)), (8, 3), "kernel", np.s_[:, 1, 3], 1 / 8),
        (keras.layers.EinsumDense("abcd,cde->abe", (None, 4)), (8, 3, 2), "kernel", np.s_[..., 1], 1 / 4),
        (keras.layers.LSTM(4), (8, 3), "recurrent_kernel", np.s_[:, 1::4], 1 / 4),
        # One gate, but not the whole of any unit.
        (keras.layers.LSTM(4), (8, 3), "kernel", np.s_[:, :4], 0),
        (keras.layers.GRU(4), (8, 3), "kernel", np.s_[:, 1::4], 1 / 4),
        (keras.layers.ConvLSTM1D(4, 3), (8, 6, 3), "kernel", np.s_[..., 1::4], 1 / 4),
        (keras.layers.Embedding(9, 4), (8,), "embeddings", np.s_[:, 1], 1 / 4),
    ],
)
def test_units_without_weight_are_counted_by_the_kind_of_layer(layer, shape, name, place, share):
    model = keras.Sequential([keras.Input(shape), layer])
    [weight] = [weight for weight in model.weights if weight.name == name]
    values = np.random.default_rng(1).uniform(0.5, 1.0, weight.shape)
    values[place] = 0.0
    weight.assign(values)
    [own] = [
        own for one in weight_distributions(model)["layers"] for own in one["weights"] if own["name"] == name
    ]
    assert own["silent"] == pytest.approx(share)


def test_nothing_is_remarked_on_of_an_attention_whose_biases_are_zero():
    start = keras.Input((6, 8))
    model = keras.Model(start, keras.layers.MultiHeadAttention(2, 4)(start, start))
    assert not [note for layer in weight_distributions(model)["layers"] for note in layer["notes"]]


def test_the_first_convolution_inside_another_model_is_the_first_that_sees_the_picture():
    start, image = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    deep = keras.layers.Conv2D(5, 3, name="deep")(keras.layers.Conv2D(4, 3, name="near")(start))
    inner = keras.Model(start, deep, name="backbone")
    found = first_filters(keras.Model(image, keras.layers.Conv2D(6, 1)(inner(image))))
    assert (found["layer"], found["count"]) == ("backbone/near", 4)


def test_layers_of_the_same_name_are_told_apart():
    def attending(name):
        start = keras.Input((6, 8))
        return keras.Model(
            start, keras.layers.MultiHeadAttention(2, 4, name="looks")(start, start), name=name
        )

    words = keras.Input((6, 8), name="words")
    x = keras.layers.Bidirectional(keras.layers.LSTM(3))(attending("second")(attending("first")(words)))
    model = keras.Model(words, x)
    told = weight_distributions(model)["layers"]
    assert len({layer["name"] for layer in told}) == len(told)
    assert sum(layer["parameters"] for layer in told) == model.count_params()
    arrays = {"words": np.random.default_rng(1).normal(size=(1, 6, 8)).astype(np.float32)}
    first, second = attention_maps(model, DataSpec("classification", (), ("no", "yes")), arrays)["layers"]
    assert (first["name"], second["name"]) == ("first/looks", "second/looks")
    assert first["heads"] != second["heads"]


def test_words_are_placed_by_the_embedding_that_is_asked_for():
    _, _, prepared = small("lstm")

    def reading(name):
        tokens = keras.Input((30,), dtype="int32")
        x = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(2000, 4, name="words")(tokens))
        return keras.Model(tokens, x, name=name)

    tokens = keras.Input((30,), dtype="int32", name="tokens")
    both = keras.layers.Add()([reading("one")(tokens), reading("other")(tokens)])
    model = keras.Model({"tokens": tokens}, keras.layers.Dense(2, "softmax")(both))
    maps = [embedding_map(model, prepared, what=f"{name}/words") for name in ("one", "other")]
    assert maps[0]["maps"] == ["samples", "one/words", "other/words"]
    assert maps[0]["points"][0]["word"] == maps[1]["points"][0]["word"]
    assert maps[0]["points"][0]["x"] != pytest.approx(maps[1]["points"][0]["x"])


def test_attention_of_every_head_adds_up_over_the_words():
    model, _, prepared = small("transformer")
    [layer] = attention_maps(model, prepared.spec, arrays_of_row(prepared, 5))["layers"]
    assert len(layer["heads"]) == 2 and layer["queries"] == layer["keys"]
    assert len(layer["keys"]) == int((prepared.arrays["tokens"][5] != 0).sum())
    assert np.sum(layer["heads"][0]["scores"], axis=1).max() <= 1.01
    assert all("call" not in vars(item) for item in model.layers)
    assert focus(np.full((4, 8), 1 / 8)) == pytest.approx(0) and focus(np.eye(5)) == pytest.approx(1)


def test_attention_is_labeled_by_the_text_that_it_looks_from_and_at(tmp_path):
    recipe = pairs_cases.pairs(tmp_path, sequence_length=24, target_length=24)
    project = load_preset("text_to_text/transformer")
    project = replace(project, data=recipe, model=pairs_cases.narrow(project.model))
    prepared = prepare(recipe, tmp_path / "cache")
    model = compiler.build(project, prepared.spec)
    arrays = arrays_of_row(prepared, 0)
    read, written = (
        [text_of(item.settings, [int(token)]) or "·" for token in arrays[item.arrays[0].name][0] if token]
        for item in prepared.spec.inputs
    )
    found = attention_maps(model, prepared.spec, arrays)["layers"]
    sides = [(layer["queries"], layer["keys"]) for layer in found]
    assert read != written
    assert all(side in ((read, read), (written, written), (written, read)) for side in sides)
    assert (written, written) in sides and (written, read) in sides


def test_attention_that_two_texts_share_is_labeled_by_the_text_that_it_is_of():
    vocabulary = ["", "[UNK]", *"abcdefgh"]
    items = tuple(
        ModelInput(name, "text", (ArraySpec(name, (4,), "int32"),), {"vocabulary": vocabulary})
        for name in ("left", "right")
    )
    spec = DataSpec("classification", items, ("no", "yes"), target_name="same")
    # Of the two, the first input is called last.
    inputs = {name: keras.Input((4,), dtype="int32", name=name) for name in ("left", "right")}
    embedding, attention = keras.layers.Embedding(10, 4), keras.layers.MultiHeadAttention(1, 4, name="looks")
    right = embedding(inputs["right"])
    right = attention(right, right)
    left = keras.layers.Dense(4)(keras.layers.Dense(4)(embedding(inputs["left"])))
    left = attention(left, left)
    joined = keras.layers.GlobalAveragePooling1D()(keras.layers.Add()([left, right]))
    model = keras.Model(inputs, keras.layers.Dense(2, "softmax")(joined))
    arrays = {"left": np.array([[2, 3, 4, 5]], "int32"), "right": np.array([[6, 7, 8, 9]], "int32")}
    [layer] = attention_maps(model, spec, arrays)["layers"]
    with recorded_attention({"looks": attention}) as seen:
        x = model.layers[[item.name for item in model.layers].index(embedding.name)](arrays["right"])
        attention(x, x)
    is_of_right = np.allclose(layer["heads"][0]["scores"], seen["looks"][0], atol=1e-3)
    assert layer["queries"] == layer["keys"] == list("efgh" if is_of_right else "abcd")


def test_a_map_of_very_few_samples_or_of_one_direction_is_drawn(tmp_path):
    rows = "".join(f"{number},{number % 3}\n" for number in range(18))
    (tmp_path / "few.csv").write_text(f"x,rank\n{rows}")
    source = {"kind": "csv", "path": str(tmp_path / "few.csv")}
    recipe = DataRecipe(source, "ordinal", {"x": "numeric", "rank": "target"})
    prepared = prepare(recipe, tmp_path / "cache")
    inputs, x = model_input_tensors(prepared.spec.inputs[0])
    x = keras.layers.Dense(5, "tanh", name="described")(x)
    output = CumulativeLink(3)(keras.layers.Dense(1, use_bias=False)(x))
    model = keras.Model({tensor.name: tensor for tensor in inputs}, output)
    for count in (1, 2, 3, 4):
        few = {**prepared.indices, "test": prepared.indices["train"][:count]}
        found = embedding_map(model, replace(prepared, indices=few), method="tsne")
        assert (found["layer"], found["directions"], len(found["points"])) == ("described", 5, count)


def test_a_map_shows_every_sample_and_keeps_likes_together():
    model, _, prepared = small("transformer")
    found = embedding_map(model, prepared)
    assert found["layer"] == "average" and found["directions"] == 32 and 0 < found["kept"] <= 1
    words = embedding_map(model, prepared, what="words")
    assert found["maps"] == ["samples", "words"] and words["points"][0]["word"]
    flat, kept = pca(np.outer(np.arange(10.0), [3.0, 4.0]), 2)
    # All on one line: one direction shows everything, in the distances of the line.
    assert kept == pytest.approx(1) and np.ptp(flat[:, 0]) == pytest.approx(45)
    with pytest.raises(BuilderError, match="There is no map of 'gru'"):
        embedding_map(model, prepared, what="gru")


@pytest.mark.parametrize(
    "ask",
    [
        slices,
        permutation_importance,
        surrogate_rules,
        shapley_summary,
        embedding_map,
        lambda model, prepared: partial_dependence(model, prepared, "age"),
        lambda model, prepared: explained_row(model, prepared, 0),
    ],
)
def test_of_a_diverged_model_nothing_is_told_but_that(ask, incomes):
    _, prepared = incomes
    model = build("table", prepared)
    model.get_layer("head").bias.assign(np.full(prepared.spec.class_count, np.nan))
    with pytest.raises(BuilderError, match="not a number .* lower the learning rate"):
        ask(model, prepared)


def test_the_work_can_be_ended(incomes):
    model, prepared = incomes

    def end(share: float) -> None:
        raise KeyboardInterrupt

    for ask in (permutation_importance, shapley_summary, slices, surrogate_rules):
        with pytest.raises(KeyboardInterrupt):
            ask(model, prepared, tick=end)
