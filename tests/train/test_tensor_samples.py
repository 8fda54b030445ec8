"""Norms and histograms are true, change nothing, and TensorBoard's event files hold them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from train_case import image_model, settings

from builder.runs.files import read_json
from builder.runs.records import MetricRow
from builder.train.compiling import compile_model
from builder.train.tensor_samples import TensorSamples
from builder.train.tensorboard import EventFiles
from builder.train.training_data import TrainingData

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def recurrent_model():
    """Return a model whose layer draws from its random generator whenever it runs."""
    image = keras.Input((32, 32, 1), name="image")
    rows = keras.layers.Reshape((32, 32))(image)
    hidden = keras.layers.GRU(4, dropout=0.5)(rows)
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(hidden))


@pytest.fixture(scope="module")
def looked(digits, tmp_path_factory):
    """A model, its state before and after a sample was taken, and the sample."""
    chosen = settings()
    model, data = image_model(chosen), TrainingData(digits, chosen)
    compile_model(model, data, chosen)
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    before = [np.array(variable) for variable in variables]
    folder = tmp_path_factory.mktemp("looked")
    sample = TensorSamples(model, data, folder).take(7, 1)
    return model, before, [np.array(variable) for variable in variables], sample, folder


def test_a_look_changes_nothing(looked):
    _, before, after, _, _ = looked
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_look_into_a_recurrent_model_leaves_its_random_generator(digits, tmp_path):
    chosen = settings()
    model, data = recurrent_model(), TrainingData(digits, chosen)
    compile_model(model, data, chosen)
    before = [np.array(variable) for variable in model.variables]
    TensorSamples(model, data, tmp_path).take(7, 1)
    for one, other in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(one, np.array(other))


def test_norms_and_histograms_are_those_of_the_weights(looked):
    model, _, _, sample, folder = looked
    kernel, bias = model.get_layer("head").get_weights()
    facts = sample["layers"]["head"]
    assert facts["weight_norm"] == pytest.approx(np.sqrt((kernel**2).sum() + (bias**2).sum()), rel=1e-5)
    assert sum(facts["weights"]["counts"]) == kernel.size + bias.size
    assert facts["weights"]["edges"][0] == pytest.approx(kernel.min(), rel=1e-3)
    assert 0 < facts["gradient_norm"] <= sample["gradient_norm"]
    assert sum(sample["answers"]) == pytest.approx(1)
    assert sample["layers"]["conv"]["dead"] is not None and facts["dead"] is None
    assert read_json(folder / "tensors.json") == [sample]


def test_event_files_hold_what_was_told(looked, tmp_path):
    files = EventFiles(tmp_path)
    files.metrics([MetricRow("epoch", 98, 1, "loss", 0.5), MetricRow("epoch", 98, 1, "val_loss", 0.75)])
    files.tensors(looked[3])
    files.close()
    found = {}
    for file in tmp_path.glob("tensorboard/*/events*"):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                found[file.parent.name, value.tag] = (plugin, event.step, tf.make_ndarray(value.tensor))
    assert found["train", "epoch_loss"] == ("scalars", 98, 0.5)
    assert found["validation", "epoch_loss"] == ("scalars", 98, 0.75)
    plugin, step, bins = found["train", "head/weights"]
    assert (plugin, step, bins.shape) == ("histograms", 7, (30, 3))
    assert bins[:, 2].sum() == keras.ops.size(looked[0].get_layer("head").kernel) + 10
