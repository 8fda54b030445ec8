"""Recipes as runs: each makes a run of its own from a finished one; they chain; misfits are told in words."""

import json

import keras
import numpy as np
import pytest

from builder.data.spec import IGNORED, DataSpec
from builder.errors import BuilderError
from builder.jobs import tasks, worker
from builder.jobs.compressing import start
from builder.jobs.compression import ALONE, compressed_document, submit_compressed
from builder.project import Project, load_preset
from builder.runs.store import default_store
from builder.runs.workspace import default_workspace


def small_document():
    """A CNN of a few filters on few of the bundled digits."""
    document = load_preset("images/cnn").to_json()
    for node in document["model"]["nodes"]:
        if node["kind"] == "conv2d.v1":
            node["parameters"] |= {"filters": 8, "strides": [2, 2], "padding": "same"}
    document["data"]["split"] = {"validation": 0.1, "test": 0.8, "method": "stratified"}
    document["training"] = {"epochs": 1, "batch_size": 64, "learning_rate": 0.003, "jit_compile": "off"}
    return document


def queued(document):
    store = default_store()
    return store.create_run(store.create_project(document), document)


def ended(run_id):
    """Do what the training process does, and return the run."""
    worker.run(run_id, default_store(), default_workspace())
    run = default_store().run(run_id)
    assert run.status == "finished", run.error
    return run


@pytest.fixture
def no_launch(monkeypatch):
    """Leave queued runs to the test, which does them in this process."""
    monkeypatch.setattr("builder.jobs.training.start_next", lambda *_: [])


def applied(run_id, recipe, values, **more):
    """Apply a recipe and return its runs."""
    made = compressed_document(run_id, recipe, values)
    return [ended(made_id) for made_id in submit_compressed(run_id, made["document"], **more)]


@pytest.mark.slow
def test_a_run_is_pruned_then_trained_for_8_bits_and_exported_as_it_was_trained(no_launch):
    base = ended(queued(small_document()))
    [pruned] = applied(base.id, "magnitude_pruning", {"sparsity": 0.8})
    told = pruned.result["compression"]
    assert (told["run"], told["before"]["test"]) == (base.id, base.result["test"])
    assert told["before"]["sparsity"] == 0 and told["after"]["sparsity"] == pytest.approx(0.79, abs=0.02)
    assert told["after"]["gzip_bytes"] < 0.5 * told["before"]["gzip_bytes"]
    assert pruned.project_id == base.project_id and "magnitude pruning" in pruned.tags
    folder = default_workspace().run_folder(pruned.id)
    assert {"evaluation.json", "checkpoint.npz", "model.keras"} <= {file.name for file in folder.iterdir()}
    [rounded] = applied(pruned.id, "quantization_aware", {})
    after = rounded.result["compression"]["after"]
    assert after["sparsity"] >= told["after"]["sparsity"], "zeros stay zero along the chain"
    [entry] = tasks.export(rounded.id, ["tflite_int8"])["formats"]
    assert entry["problem"] is None and "quantization-aware" in entry["note"]
    assert entry["agreement"] > 0.8


@pytest.mark.slow
def test_a_model_of_half_the_units_is_cut_and_taught(no_launch):
    base = ended(queued(small_document()))
    [cut] = applied(base.id, "structured_pruning", {"share": 0.5})
    document = default_store().run_document(cut.id)
    nodes = {node["id"]: node["parameters"] for node in document["model"]["nodes"]}
    assert (nodes["conv_1"]["filters"], nodes["dense"]["units"]) == (4, 32)
    assert cut.result["parameters"] < 0.5 * base.result["parameters"]
    plain = {name: value for name, value in document.items() if name != "compression"}
    assert not tasks.check(plain, str(default_workspace().prepared_folder)), "it is a plain project"
    student, alone = applied(base.id, "distillation", {"features": "last"}, alone=True)
    assert student.result["parameters"] == alone.result["parameters"] == cut.result["parameters"]
    assert ALONE in alone.tags and "compression" not in alone.result
    assert default_store().run_document(alone.id)["model"] == document["model"]


def small_text_model(words=(8, 8)):
    """Return a model of a table of words, a dense layer and a head; its layers' sizes may differ."""
    steps = keras.Input((6,), dtype="int32", name="tokens")
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(50, words[0], name="words")(steps))
    x = keras.layers.Dense(words[1], activation="relu", name="dense")(x)
    model = keras.Model(steps, keras.layers.Dense(3, "softmax", name="head")(x))
    model.compile("sgd", "mse")
    return model


def kept_as_run(model, run_id):
    model.save(default_workspace().run_folder(run_id) / "model.keras")


def moved_once(model, recipe, settings=None):
    """Start a recipe from the run 'sparse' and make one step that moves every weight."""
    compression = {"recipe": recipe, "run": "sparse", "settings": settings or {}}
    project = Project.from_json(small_document() | {"compression": compression})
    spec = DataSpec("classification", (), ("a", "b", "c"))
    started = start(model, project, spec, default_workspace(), lambda kind, words: None)

    def step(batch):
        for weight in model.trainable_weights:
            weight.assign_add(keras.ops.ones_like(weight))
        return {}

    started.shaping.around(started.model, 10)(step)(None)


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        ("magnitude_pruning", {}),
        ("weight_clustering", {}),
        ("structured_pruning", {}),
        ("quantization_aware", {}),
        ("distillation", {"start": "teacher_units"}),
    ],
)
def test_zeros_stay_also_in_tables_that_the_next_recipe_leaves_alone(recipe, settings):
    source = small_text_model()
    table = np.array(source.get_layer("words").embeddings)
    table[::2] = 0.0
    source.get_layer("words").embeddings.assign(table)
    kept_as_run(source, "sparse")
    model = small_text_model()
    moved_once(model, recipe, settings)
    after = np.asarray(model.get_layer("words").embeddings)
    assert np.array_equal(after == 0, table == 0)


@pytest.mark.parametrize("recipe", ["structured_pruning", "distillation"])
def test_zeros_stay_where_the_cut_has_left_few_of_them(recipe):
    source = small_text_model((8, 8))
    kernel = np.array(source.get_layer("dense").kernel)
    # All but one zero lie in the units that are cut off, and one is less than by chance.
    kernel[:6, 4:] = 0.0
    kernel[3, 1] = 0.0
    source.get_layer("dense").kernel.assign(kernel)
    kept_as_run(source, "sparse")
    model = small_text_model((8, 4))
    settings = {"start": "teacher_units"} if recipe == "distillation" else {}
    moved_once(model, recipe, settings)
    after = np.asarray(model.get_layer("dense").kernel)
    assert np.argwhere(after == 0).tolist() == [[3, 1]]


def test_a_student_of_new_weights_learns_all_of_them():
    source = small_text_model()
    source.get_layer("dense").kernel.assign(np.zeros((8, 8)))
    kept_as_run(source, "sparse")
    model = small_text_model()
    moved_once(model, "distillation", {"start": "new_weights"})
    assert np.count_nonzero(model.get_layer("dense").kernel) == 64


def begun(model, settings=None):
    compression = {"recipe": "distillation", "run": "teacher", "settings": settings or {}}
    project = Project.from_json(small_document() | {"compression": compression})
    spec = DataSpec("classification", (), ("a", "b", "c"))
    return start(model, project, spec, default_workspace(), lambda kind, words: None)


def test_a_student_that_has_the_teachers_blocks_starts_from_its_largest_units():
    source, student = small_text_model((8, 8)), small_text_model((8, 4))
    kept_as_run(source, "teacher")
    begun(student)
    kernel = np.asarray(source.get_layer("dense").kernel)
    strongest = np.sort(np.argsort(-np.abs(kernel).sum(axis=0))[:4])
    assert np.array_equal(np.asarray(student.get_layer("dense").kernel), kernel[:, strongest])


def test_a_student_of_other_blocks_starts_anew():
    source = small_text_model()
    kept_as_run(source, "teacher")
    words = keras.Input((6,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(20, 4, name="words")(words)
    student = keras.Model(words, keras.layers.Dense(3, "softmax", name="last")(keras.layers.Flatten()(x)))
    before = student.get_weights()
    begun(student)
    assert all(map(np.array_equal, before, student.get_weights()))


def test_what_a_teacher_says_of_pixels_that_are_left_out_counts_nothing():
    def classes_of_pixels():
        picture = keras.Input((2, 2, 3), name="image")
        return keras.Model([picture], keras.layers.Conv2D(3, 1, activation="softmax", name="head")(picture))

    kept_as_run(classes_of_pixels(), "labeller")
    compression = {"recipe": "distillation", "run": "labeller", "settings": {"teacher_weight": 0.9}}
    project = Project.from_json(small_document() | {"compression": compression})
    spec = DataSpec("segmentation", (), ("a", "b", "c"), target_shape=(2, 2))
    student = start(classes_of_pixels(), project, spec, default_workspace(), lambda kind, words: None).model
    student.compile("sgd", keras.losses.SparseCategoricalCrossentropy(ignore_class=IGNORED))

    def loss(pictures, masks):
        batch = {"image": pictures}
        return float(student.compute_loss(batch, masks, student(batch, training=True)))

    pictures = np.random.default_rng(1).normal(size=(2, 2, 2, 3)).astype(np.float32)
    masks = np.array([[[0, 1], [2, IGNORED]], [[1, IGNORED], [0, 2]]], np.int8)
    others = np.where(masks[..., None] == IGNORED, 5.0, pictures).astype(np.float32)
    assert loss(pictures, masks) == pytest.approx(loss(others, masks), rel=1e-5)
    # A pixel counts as much as it does without those beside it that are left out.
    alone = np.where(masks == IGNORED, IGNORED, 1).astype(np.int8)
    known = pictures[masks != IGNORED].reshape(3, 1, 2, 3).repeat(2, axis=1)
    assert loss(pictures, alone) == pytest.approx(loss(known, np.ones((3, 2, 2), np.int8)), rel=1e-5)
    assert loss(pictures, np.full_like(masks, IGNORED)) == 0.0


def test_what_does_not_fit_is_told_in_words():
    store, document = default_store(), small_document()
    run_id = queued(document)
    with pytest.raises(BuilderError, match="is queued and has no trained model"):
        compressed_document(run_id, "magnitude_pruning", {})
    with pytest.raises(BuilderError, match="no run|There is no"):
        compressed_document("gone", "magnitude_pruning", {})
    model = default_workspace().run_folder(run_id) / "model.keras"
    model.write_bytes(b"")
    with pytest.raises(BuilderError, match="no recipe 'magnitude'.*Did you mean 'magnitude_pruning'"):
        compressed_document(run_id, "magnitude", {})
    with pytest.raises(BuilderError, match="no parameter 'sparsty'.*Did you mean 'sparsity'"):
        compressed_document(run_id, "magnitude_pruning", {"sparsty": 0.5})
    with pytest.raises(
        BuilderError, match="'sparsity' parameter of Recipe 'magnitude_pruning' must be a float"
    ):
        compressed_document(run_id, "magnitude_pruning", {"sparsity": 2})
    with pytest.raises(BuilderError, match="Lower 'start_sparsity'"):
        compressed_document(run_id, "magnitude_pruning", {"sparsity": 0.5, "start_sparsity": 0.7})
    language = load_preset("language/gpt").to_json()
    other = store.create_run(store.create_project(language), language)
    (default_workspace().run_folder(other) / "model.keras").write_bytes(b"")
    with pytest.raises(BuilderError, match="teacher for .* cannot be followed"):
        compressed_document(other, "distillation", {})
    bare = small_document()
    bare["model"]["nodes"] = [node for node in bare["model"]["nodes"] if node["id"] in ("input", "output")]
    bare["model"]["edges"] = [{"source": "input", "target": "output"}]
    alone = store.create_run(store.create_project(bare), bare)
    (default_workspace().run_folder(alone) / "model.keras").write_bytes(b"")
    with pytest.raises(BuilderError, match="No block of this model can be made smaller"):
        compressed_document(alone, "structured_pruning", {})


def test_the_recipe_travels_with_the_project_and_leaves_out_what_would_undo_it():
    document = small_document()
    document["training"] |= {"use_ema": True, "initial_weights": "run:before"}
    run_id = queued(document)
    (default_workspace().run_folder(run_id) / "model.keras").write_bytes(b"")
    made = compressed_document(run_id, "weight_clustering", {"clusters": 4, "epochs": 3})["document"]
    assert made["compression"] == {"recipe": "weight_clustering", "run": run_id, "settings": {"clusters": 4}}
    assert made["training"] == {**small_document()["training"], "epochs": 3, "learning_rate": 0.0015}
    assert Project.from_json(json.loads(json.dumps(made))).to_json() == made
    averaged = Project.from_json({**made, "training": {**made["training"], "use_ema": True}})
    assert [problem.code for problem in averaged.check()] == ["averages_undo_recipe"]
