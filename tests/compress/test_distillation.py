"""A student follows its teacher: the loss is what the paper says, and the student stays a plain model."""

import keras
import numpy as np
import pytest

from builder.compress.distillation import softened_loss, student_of
from builder.compression_parameters import DISTILLATION, RECIPES
from builder.errors import BuilderError

layers = keras.layers
LOGITS = np.array([[2.0, 0.5, -1.0], [0.0, 3.0, 1.0]], np.float32)
OTHERS = np.array([[1.0, 1.0, 0.0], [-1.0, 2.0, 2.0]], np.float32)


def softmax(values):
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def model(units, name, classes=3, features=4):
    image = keras.Input((features,), name="features")
    x = layers.Dense(units, activation="relu", name="hidden")(image)
    x = layers.Dropout(0.2, name="dropout")(x)
    return keras.Model([image], layers.Dense(classes, activation="softmax", name="head")(x), name=name)


def test_the_softened_loss_is_that_of_the_logits():
    teacher, student = softmax(LOGITS / 4), softmax(OTHERS / 4)
    by_hand = 16 * np.mean(np.sum(teacher * np.log(teacher / student), axis=-1))
    found = softened_loss(softmax(LOGITS), softmax(OTHERS), "softmax", "softmax", 4.0)
    assert float(found) == pytest.approx(by_hand, rel=1e-4)
    from_logits = softened_loss(LOGITS, OTHERS, "linear", "linear", 4.0)
    assert float(from_logits) == pytest.approx(by_hand, rel=1e-4)


def test_one_output_for_two_classes_is_softened_as_two():
    chances = [1 / (1 + np.exp(-values[:, :1])) for values in (LOGITS, OTHERS)]
    two = [
        np.concatenate([values[:, :1], np.zeros((2, 1), np.float32)], axis=1) for values in (LOGITS, OTHERS)
    ]
    found = softened_loss(chances[0], chances[1], "sigmoid", "sigmoid", 2.0)
    assert float(found) == pytest.approx(float(softened_loss(*two, "linear", "linear", 2.0)), rel=1e-4)


def test_labels_are_each_a_choice_of_its_own_in_logits_as_in_chances():
    chances = [1 / (1 + np.exp(-values)) for values in (LOGITS, OTHERS)]
    wanted = float(softened_loss(*chances, "sigmoid", "sigmoid", 2.0, of_labels=True))
    found = softened_loss(LOGITS, OTHERS, "linear", "linear", 2.0, of_labels=True)
    assert float(found) == pytest.approx(wanted, rel=1e-4)
    # Adding the same to every label changes what each of them says.
    moved = softened_loss(LOGITS + 3.0, LOGITS, "linear", "linear", 2.0, of_labels=True)
    assert float(moved) > 0.1


@pytest.mark.parametrize("features", ["none", "last"])
def test_a_student_learns_what_only_the_teacher_knows(features):
    keras.utils.set_random_seed(1)
    teacher, student = model(16, "teacher"), model(8, "student")
    settings = RECIPES[DISTILLATION].settings({"teacher_weight": 1.0, "features": features})
    taught = student_of(student, teacher, settings, True)
    taught.compile(keras.optimizers.Adam(0.03), keras.losses.SparseCategoricalCrossentropy())
    data = np.random.default_rng(1).normal(size=(256, 4)).astype(np.float32)
    # The true answers say nothing.
    wrong = np.zeros(256, np.int32)
    batch = {"features": data}
    before = np.asarray(teacher(batch))
    taught.fit(batch, wrong, epochs=30, batch_size=64, verbose=0)
    agreement = np.mean(np.argmax(student(batch), -1) == np.argmax(before, -1))
    assert agreement > 0.8
    assert np.array_equal(before, np.asarray(teacher(batch))), "the teacher is left as it is"
    plain = keras.Model(student.input, student.output)
    assert [tuple(weight.shape) for weight in plain.weights] == [(4, 8), (8,), (8, 3), (3,)]
    trained = {id(weight) for weight in taught.trainable_weights}
    assert trained.isdisjoint(id(weight) for weight in teacher.weights)
    # Validation has the plain loss, which can be compared with other runs.
    own = keras.losses.SparseCategoricalCrossentropy()(wrong, student(batch))
    assert taught.evaluate(batch, wrong, verbose=0) == pytest.approx(float(own), rel=1e-4)


def test_a_teacher_of_other_data_or_classes_is_refused_in_words():
    settings = RECIPES[DISTILLATION].settings({})
    with pytest.raises(BuilderError, match="teacher's outputs .*'output' 4.*'output' 3"):
        student_of(model(8, "student"), model(8, "teacher", classes=4), settings, True)
    with pytest.raises(BuilderError, match="teacher's inputs .*'features' 5"):
        student_of(model(8, "student"), model(8, "teacher", features=5), settings, True)


@pytest.mark.parametrize("is_of_classes", [True, False])
def test_penalties_on_weights_count_in_full_however_much_the_teacher_counts(is_of_classes):
    teacher, plain = model(16, "teacher"), model(8, "student")
    plain.get_layer("dropout").rate = 0.0
    taught = student_of(
        plain, teacher, RECIPES[DISTILLATION].settings({"teacher_weight": 0.9}), is_of_classes
    )
    taught.compile("sgd", "mse")
    data = {"features": np.random.default_rng(1).normal(size=(8, 4)).astype(np.float32)}
    wanted = np.zeros((8, 3), np.float32)

    def loss():
        return float(taught.compute_loss(data, wanted, taught(data, training=True)))

    before = loss()
    plain.get_layer("head").kernel.regularizer = keras.regularizers.L2(0.1)
    penalty = 0.1 * float(np.sum(np.square(plain.get_layer("head").kernel)))
    assert loss() - before == pytest.approx(penalty, rel=1e-3)
