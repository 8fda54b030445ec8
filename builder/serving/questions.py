"""What a request asks, read from its body. Needs no web library, so that another process can read as well."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.data.spec import ARRAY_KINDS, DataSpec
from builder.explain.worded import encoded
from builder.serving.forms import FORM, form_sample
from builder.serving.limits import Limits
from builder.serving.refusals import Refusal
from builder.serving.samples import content_of, instances_in, samples_of, text_name

# An example of how a generator is asked.
WISH = {"parameters": {"count": 4, "seed": 1}}
_WISH = json.dumps(WISH)


@dataclass(frozen=True)
class Body:
    """A request's body, and its header that says what it is."""

    content: bytes
    content_type: str = "application/json"

    @property
    def kind(self) -> str:
        """The type of the body, without what follows it in the header."""
        return self.content_type.partition(";")[0].strip().lower()


@dataclass(frozen=True)
class AskedSamples:
    """Samples to predict for: their arrays by name, and, for words about the answer, their other values."""

    arrays: dict[str, np.ndarray]
    samples: list[dict[str, Any]]


@dataclass(frozen=True)
class AskedTexts:
    """Texts that a model goes on from or answers, and how it is to write."""

    texts: list[str]
    settings: Mapping[str, Any] | None


# What reads a body; it raises Refusal, or BuilderError where a sample cannot be used.
Reading = Callable[[DataSpec, Limits, Body], Any]


def read_samples(spec: DataSpec, limits: Limits, body: Body) -> AskedSamples:
    """Return the samples that a body asks about."""
    instances, _ = _asked(limits, body)
    samples = samples_of(spec, instances)
    # What is in the arrays need not be kept twice.
    kept = {item.kind for item in spec.inputs if item.kind in ARRAY_KINDS}
    others = [{name: value for name, value in sample.items() if name not in kept} for sample in samples]
    types = {item.name: item.dtype for item in spec.arrays}
    arrays = {name: values.astype(types[name], copy=False) for name, values in encoded(spec, samples).items()}
    return AskedSamples(arrays, others)


def read_texts(spec: DataSpec, limits: Limits, body: Body) -> AskedTexts:
    """Return the texts that a body asks about."""
    instances, content = _asked(limits, body)
    settings = _parameters(content)
    name = text_name(spec.inputs[0])
    samples = samples_of(spec, instances)
    return AskedTexts(
        [_text(sample, name, number) for number, sample in enumerate(samples, start=1)], settings
    )


def read_wish(spec: DataSpec, limits: Limits, body: Body) -> Mapping[str, Any]:
    """Return how a generator is asked for samples: values for its settings, as they were sent."""
    if body.kind == FORM:
        raise Refusal(415, "unknown_type", f"A generator is asked in JSON, such as {_WISH}.")
    # Whoever asks for nothing in particular has nothing to send.
    content = content_of(body.content, _WISH) if body.content.strip() else {}
    others = [name for name in content if name != "parameters"]
    if others:
        message = (
            f"This model makes samples, and is asked about none: leave out '{others[0][:60]}'. "
            f"Say how many samples you want in an object such as {_WISH}."
        )
        raise Refusal(422, "unknown_field", message)
    return _parameters(content) or {}


def _asked(limits: Limits, body: Body) -> tuple[list[Any], Mapping[str, Any]]:
    """Return a body's instances, and what it holds beside them; a form holds one instance alone."""
    if body.kind == FORM:
        return [form_sample(body.content, body.content_type)], {}
    content = content_of(body.content)
    return instances_in(content, limits), content


def _parameters(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    settings = content.get("parameters")
    if settings is not None and not isinstance(settings, Mapping):
        message = "'parameters' must be an object such as {\"seed\": 1}, or be left out."
        raise Refusal(422, "bad_parameters", message)
    return settings


def _text(sample: Mapping[str, Any], name: str, number: int) -> str:
    text = sample.get(name, sample.get("text"))
    if not isinstance(text, str):
        raise Refusal(422, "bad_sample", f"Sample {number}: '{name}' must be a text.")
    return text
