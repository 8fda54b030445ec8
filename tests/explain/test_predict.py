"""Predictions for a person's own samples, and answers to samples that cannot be read."""

import numpy as np
import pytest
from small_models import small

from builder.errors import BuilderError
from builder.explain.predict import predict

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def trained(kind: str):
    model, _, prepared = small(kind)
    return model, prepared


@pytest.mark.parametrize("kind", ["cnn", "residual"])
def test_pictures_of_any_size_get_a_label(kind) -> None:
    """The residual model ends in logits; its probabilities add up to 1 all the same."""
    model, prepared = trained(kind)
    image = prepared.sample(int(prepared.indices["test"][0]))["array"]
    (answer,) = predict(model, prepared.spec, [{"image": np.kron(image, np.ones((2, 2, 1), np.uint8))}])
    assert answer["label"] in prepared.spec.class_names
    assert list(answer["probabilities"]) == list(prepared.spec.class_names)
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)


def test_spam_is_told_from_a_greeting() -> None:
    model, prepared = trained("bidirectional")
    spam = {"text": "URGENT! You have won a FREE prize. Call 09061701461 now to claim your cash award"}
    greeting = {"text": "ok see you at home later"}
    answers = predict(model, prepared.spec, [spam, greeting])
    assert [answer["label"] for answer in answers] == ["spam", "ham"]


def test_a_value_comes_in_the_targets_unit() -> None:
    model, prepared = trained("regression")
    row = prepared.sample(int(prepared.indices["test"][0]))["row"]
    (answer,) = predict(model, prepared.spec, [row])
    assert abs(answer["value"] - prepared.spec.target_mean) < 6 * prepared.spec.target_variance**0.5


@pytest.mark.parametrize(
    ("kind", "raw", "words"),
    [
        ("bidirectional", {"text": "  ... !! "}, "holds no words"),
        ("bidirectional", {"text": 5}, "must be a text"),
        ("bidirectional", {}, "must be a text"),
        ("cnn", {"image": "digit.png"}, "must be a picture"),
        ("regression", {"latitude": "north"}, "must be a number"),
        ("regression", {"colour": 1}, "none of the columns"),
        ("regression", "37.9", "must map names to values"),
    ],
)
def test_bad_samples_are_answered_in_words(kind, raw, words) -> None:
    model, prepared = trained(kind)
    with pytest.raises(BuilderError, match=words):
        predict(model, prepared.spec, [raw])


def test_no_samples_give_no_predictions() -> None:
    model, prepared = trained("regression")
    assert predict(model, prepared.spec, []) == []
