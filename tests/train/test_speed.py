"""XLA and mixed precision: chosen once, refused in words where they cannot be, without a trace in the run."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from test_loop import Killed, Recorder, WhileValidating, assert_same, trained
from train_case import image_model, linear_model, settings

from builder.errors import BuilderError
from builder.project import DataRecipe, Project
from builder.train import precision, xla
from builder.train.checkpoint import copies, read_checkpoint
from builder.train.outcome import MODEL
from builder.train.smaller_batches import resized

# Keras 3.15 turns its variables into arrays in a way that NumPy 2 is going to refuse.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

EPOCHS, CHANCE = 4, 0.15


class Listener(Recorder):
    """Keeps the notes too."""

    def __init__(self, commands=(None,)):
        super().__init__(commands)
        self.events = []

    def event(self, kind, message):
        self.events.append((kind, message))


def notes(recorder, kind):
    return [message for found, message in recorder.events if found == kind]


def weights_at_end(folder):
    groups, state = read_checkpoint(folder / "checkpoint.npz")
    return groups["model"] + groups["optimizer"], state["jit_compile"]


@pytest.fixture(scope="module")
def few(digits):
    """Ten batches an epoch, all of one size: every size is compiled anew."""
    return replace(digits, indices={**digits.indices, "train": digits.indices["train"][:500]})


@pytest.fixture(scope="module")
def plain(few, tmp_path_factory):
    """The last weights of a run without XLA."""
    folder = tmp_path_factory.mktemp("plain")
    trained(few, folder, settings(jit_compile="off", epochs=EPOCHS))
    return weights_at_end(folder)[0]


@pytest.fixture(scope="module")
def compiled(few, tmp_path_factory):
    """The last weights of a run with XLA, and its result."""
    folder = tmp_path_factory.mktemp("compiled")
    outcome, _ = trained(few, folder, settings(jit_compile="on", epochs=EPOCHS))
    return weights_at_end(folder)[0], outcome.result


def test_xla_trains_as_well_but_not_to_the_same_bits(plain, compiled):
    weights, result = compiled
    assert result["jit_compile"] is True
    assert result["test"]["accuracy"] > CHANCE
    assert any((one != other).any() for one, other in zip(weights, plain, strict=True))


@pytest.mark.parametrize("is_faster", [True, False])
def test_the_measurement_leaves_no_trace(few, plain, compiled, tmp_path, monkeypatch, is_faster):
    monkeypatch.setattr(xla, "WORTH", 0)
    monkeypatch.setattr(xla, "MEASURED_SECONDS", 0)
    monkeypatch.setattr(xla, "GAIN", 1e6 if is_faster else 0.0)
    recorder = Listener()
    trained(few, tmp_path, settings(epochs=EPOCHS), recorder)
    weights, jit_compile = weights_at_end(tmp_path)
    assert jit_compile is is_faster
    assert_same(weights, compiled[0] if is_faster else plain)
    (told,) = notes(recorder, "xla")
    assert told.startswith(f"XLA was tried and is {'used' if is_faster else 'not used'}: ")


def test_a_resumed_run_keeps_its_choice(few, compiled, tmp_path, monkeypatch):
    monkeypatch.setattr(xla, "WORTH", 0)
    monkeypatch.setattr(xla, "MEASURED_SECONDS", 0)
    monkeypatch.setattr(xla, "GAIN", 1e6)
    chosen = settings(epochs=EPOCHS)
    with pytest.raises(Killed):
        trained(few, tmp_path, chosen, WhileValidating(None, 1), checkpoint_seconds=0)
    monkeypatch.setattr(xla, "GAIN", 0.0)
    trained(few, tmp_path, chosen)
    assert_same(weights_at_end(tmp_path)[0], compiled[0])


def test_a_short_run_does_not_try_xla(few, tmp_path):
    recorder = Listener(["stop"])
    outcome, _ = trained(few, tmp_path, settings(), recorder)
    assert outcome.result["jit_compile"] is False
    assert notes(recorder, "xla") == []


def test_a_model_of_too_many_operations_is_not_compiled(few, tmp_path, monkeypatch):
    monkeypatch.setattr(xla, "WORTH", 0)
    monkeypatch.setattr(xla, "MOST_OPERATIONS", 100)
    recorder = Listener(["stop"])
    outcome, _ = trained(few, tmp_path, settings(), recorder)
    assert outcome.result["jit_compile"] is False
    (told,) = notes(recorder, "xla")
    assert "so many operations" in told


class NoXla(keras.layers.Layer):
    """A layer that says of itself that XLA cannot compile it."""

    def __init__(self):
        super().__init__()
        self.supports_jit = False

    def call(self, inputs):
        return inputs


def test_xla_is_refused_in_words_where_a_layer_cannot(few, tmp_path):
    chosen = settings(jit_compile="on")
    model = image_model(chosen)
    with pytest.raises(BuilderError, match="XLA cannot compile this model") as refused:
        trained(few, tmp_path, chosen, model=keras.Model(model.input, NoXla()(model.output)))
    assert refused.value.problems[0].field == "jit_compile"


def test_xla_and_determinism_exclude_each_other(image_graph):
    recipe = DataRecipe({"kind": "sample", "name": "digits"})
    both = Project("Both", recipe, image_graph, {"deterministic": True, "jit_compile": "on"})
    assert [problem.code for problem in both.check()] == ["xla_not_deterministic"]
    auto = Project("Auto", recipe, image_graph, {"deterministic": True})
    assert auto.check() == []


@pytest.fixture
def image_graph():
    from graph_cases import chain

    return chain(("picture", "input.v1"), ("flat", "flatten.v1"), ("head", "classification_head.v1"))


def test_mixed_precision_on_a_cpu_is_refused_in_words(few, tmp_path):
    with pytest.raises(BuilderError, match="needs a GPU") as refused:
        trained(few, tmp_path, settings(mixed_precision="on"))
    assert refused.value.problems[0].field == "mixed_precision"


def test_automatic_mixed_precision_stays_off_on_a_cpu(few, tmp_path):
    recorder = Listener(["stop"])
    trained(few, tmp_path, settings(mixed_precision="auto"), recorder)
    assert notes(recorder, "mixed_precision")


def test_mixed_precision_trains_and_leaves_a_model_of_32_bits(few, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "_gpu_gains", lambda: True)
    chosen = settings(mixed_precision="auto", epochs=EPOCHS)
    seen = []
    model = image_model(chosen)

    class Looks(Recorder):
        def metrics(self, rows):
            seen.append({layer.name: layer.dtype_policy.name for layer in model.layers})
            super().metrics(rows)

    outcome, _ = trained(few, tmp_path, chosen, Looks(), model)
    assert seen[0]["conv"] == "mixed_float16" and seen[0]["head"] == "float32"
    assert outcome.result["test"]["accuracy"] > CHANCE
    saved = keras.models.load_model(tmp_path / MODEL)
    assert {layer.dtype_policy.name for layer in saved.layers} == {"float32"}
    rows = few.indices["test"]
    images, targets = few.arrays["image"][rows].astype("float32"), few.targets[rows]
    accuracy = np.mean(saved.predict(images, verbose=0).argmax(axis=1) == targets)
    assert accuracy == pytest.approx(outcome.result["test"]["accuracy"], abs=1e-6)


def test_mixed_precision_keeps_the_averaged_weights(few, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "_gpu_gains", lambda: True)
    chosen = settings(mixed_precision="auto", use_ema=True, ema_momentum=0.5, epochs=1)
    trained(few, tmp_path, chosen, model=image_model(chosen))
    kept = keras.models.load_model(tmp_path / MODEL).get_layer("head").bias
    optimizer = read_checkpoint(tmp_path / "checkpoint.npz")[0]["optimizer"]
    np.testing.assert_array_equal(kept, next(value for value in optimizer if value.shape == (10,)))


def test_the_steps_of_mixed_precision_are_counted_on_in_smaller_batches():
    model = linear_model(settings())
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), "mse")
    model.optimizer.build(model.trainable_variables)
    model.optimizer.inner_optimizer.iterations.assign(5)
    before = {"batch_size": 40, "accumulation_steps": 1}
    state = {"batch": before, "position": {"step": 5, "global_step": 5}}
    groups = {"optimizer": copies(model.optimizer.variables)}
    groups, _ = resized(groups, state, model, {"batch_size": 20, "accumulation_steps": 2}, 400)
    steps = model.optimizer.inner_optimizer.iterations
    place = next(number for number, variable in enumerate(model.optimizer.variables) if variable is steps)
    assert groups["optimizer"][place] == 10
