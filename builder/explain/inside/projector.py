"""How a model places samples, or words, beside each other: its inner vectors drawn on a plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from builder.blocks.cumulative_link import CumulativeLink
from builder.data.prepare import Prepared
from builder.data.spec import ModelInput
from builder.data.tokenizers import UNKNOWN_TOKEN
from builder.errors import stop
from builder.explain.answer_scores import answer_words, bad_answers, check_explained
from builder.explain.answers import check_outputs
from builder.explain.layer_paths import layers_by_path
from builder.explain.targets import of_target, some_rows
from builder.outputs import arrange, output_activation, predict_arrays

SAMPLES = "samples"
METHODS = {"pca": "PCA", "tsne": "t-SNE"}
MOST_SAMPLES, MOST_WORDS = 600, 400
_CHUNKS, _STEPS = 3, 250
_PERPLEXITY = 30.0
# Fewer samples have no neighborhoods that could be kept.
_FEWEST = 4
_BATCH = 256
# Before t-SNE, so that it measures distances in few directions.
_DIRECTIONS = 30
Tick = Callable[[float], None]


def embedding_map(
    model: keras.Model,
    prepared: Prepared,
    what: str = SAMPLES,
    method: str = "pca",
    target: str | None = None,
    tick: Tick = lambda share: None,
) -> dict[str, Any]:
    """Return where a model places test samples, or the words of its vocabulary, on a plane.

    Args:
        model: a model with one output a target.
        prepared: the data.
        what: ``"samples"`` for the values that enter the model's last layer with weights, or the path of an
            embedding layer for its vectors of the most frequent words.
        method: ``"pca"`` or ``"tsne"``.
        target: which of several targets is looked at; None is the first.
        tick: called with the done share, 0 to 1; what it raises ends the work.

    Returns:
        ``what``, ``method``, ``layer``, ``directions`` (the length of a vector), ``kept`` (PCA: the share of
        the spread that both axes show; else None), ``maps`` (what else could be asked for) and ``points``:
        ``x`` and ``y``, and of samples ``row``, ``true``, ``predicted``, ``wrong``, of words ``word``.

    Raises:
        BuilderError: ``unknown_map``, ``unknown_method``, ``not_explained``, ``not_a_number``.

    Reference: van der Maaten & Hinton, Visualizing Data using t-SNE (2008).
    """
    if method not in METHODS:
        raise stop("unknown_method", f"There is no map '{method}'. Choose one of {', '.join(METHODS)}.")
    single, data = of_target(model, prepared, target)
    if what == SAMPLES:
        check_explained(data.spec, "A map of samples")
        layer, vectors, points = _samples(single, data)
    else:
        layer, vectors, points = _words(single, data, what)
    tick(0.1)
    if not np.isfinite(vectors).all():
        message = "The model's inner values are not numbers, so there is no map: its training diverged."
        raise stop("not_a_number", message)
    flat, kept = pca(vectors, 2)
    placed = _tsne(vectors, flat, tick) if method == "tsne" else flat
    tick(1.0)
    return {
        "what": what,
        "method": method,
        "layer": layer,
        "directions": vectors.shape[1],
        "kept": kept if method == "pca" else None,
        "maps": [SAMPLES, *_embeddings(single, data)],
        "points": [
            {"x": float(x), "y": float(y), **point} for (x, y), point in zip(placed, points, strict=True)
        ],
    }


def pca(vectors: np.ndarray, directions: int) -> tuple[np.ndarray, float]:
    """Return vectors, (count, length), along their directions of most spread, and the share these show."""
    centered = vectors - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centered, full_matrices=False)
    shown = left[:, :directions] * sizes[:directions]
    if shown.shape[1] < directions:
        shown = np.pad(shown, ((0, 0), (0, directions - shown.shape[1])))
    total = float(np.square(sizes).sum())
    return shown, float(np.square(sizes[:directions]).sum() / total) if total else 1.0


def last_inner_values(model: keras.Model) -> Any:
    """Return the tensor that enters the last layer with weights of a model with one output.

    What makes ranks of one number is passed over: there is nothing to see in that number by itself.
    """
    tensor = model.outputs[0]
    while True:
        made = tensor._keras_history
        inputs = made.operation._inbound_nodes[made.node_index].input_tensors
        if not inputs:
            return tensor
        is_last = getattr(made.operation, "weights", None) and not isinstance(made.operation, CumulativeLink)
        tensor = inputs[0]
        if is_last:
            return tensor


def _samples(model: keras.Model, data: Prepared) -> tuple[str, np.ndarray, list[dict[str, Any]]]:
    rows = some_rows(data, "test", MOST_SAMPLES)
    tensor = last_inner_values(model)
    inner = keras.Model(model.input, tensor)
    parts = []
    for start in range(0, len(rows), _BATCH):
        chosen = rows[start : start + _BATCH]
        given = {item.name: data.arrays[item.name][chosen] for item in data.spec.arrays}
        values = np.asarray(inner.predict_on_batch(arrange(inner, given)), np.float64)
        # Of maps and steps the mean over the places.
        parts.append(values.mean(axis=tuple(range(1, values.ndim - 1))) if values.ndim > 2 else values)
    outputs, targets = predict_arrays(model, data.arrays, rows), np.asarray(data.targets[rows])
    check_outputs(outputs, data.spec)
    activation = output_activation(model)
    bad = bad_answers(outputs, targets, data.spec, activation)
    words = answer_words(outputs, targets, data.spec, activation)
    points = [
        {"row": int(row), "wrong": bool(wrong), **said}
        for row, wrong, said in zip(rows, bad, words, strict=True)
    ]
    return tensor._keras_history.operation.name, np.concatenate(parts), points


def _embeddings(model: keras.Model, data: Prepared) -> dict[str, Any]:
    """Return the embedding layers whose rows are the words of the text input, by their paths."""
    text = _text(data)
    if text is None:
        return {}
    words = len(text.settings["vocabulary"])
    return {
        path: layer
        for path, layer in layers_by_path(model).items()
        if isinstance(layer, keras.layers.Embedding) and layer.input_dim >= words
    }


def _words(model: keras.Model, data: Prepared, name: str) -> tuple[str, np.ndarray, list[dict[str, Any]]]:
    layers = _embeddings(model, data)
    if name not in layers:
        known = ", ".join([SAMPLES, *layers])
        raise stop("unknown_map", f"There is no map of '{name}'. This model has: {known}.")
    text = _text(data)
    assert text is not None, "an embedding of words reads a text"
    vocabulary, tokens = text.settings["vocabulary"], data.arrays[text.arrays[0].name]
    counts = np.bincount(np.asarray(tokens[data.indices["train"]]).reshape(-1), minlength=len(vocabulary))
    counts[: UNKNOWN_TOKEN + 1] = 0
    order = [number for number in np.argsort(-counts, kind="stable")[:MOST_WORDS].tolist() if counts[number]]
    table = np.asarray(layers[name].embeddings, dtype=np.float64)
    return name, table[order], [{"word": vocabulary[number]} for number in order]


def _text(data: Prepared) -> ModelInput | None:
    return next((item for item in data.spec.inputs if item.kind == "text"), None)


def _tsne(vectors: np.ndarray, flat: np.ndarray, tick: Tick) -> np.ndarray:
    """Return a t-SNE map, begun at the PCA map, step by step so that its progress is known."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if len(vectors) < _FEWEST:
        return flat
    near = pca(vectors, min(_DIRECTIONS, *vectors.shape))[0]
    perplexity = min(_PERPLEXITY, max(2.0, (len(vectors) - 1) / 3))
    # The spread that the authors begin with.
    placed = flat / max(float(flat[:, 0].std()), 1e-12) * 1e-4
    for chunk in range(_CHUNKS):
        step = TSNE(
            init=placed.astype(np.float32),
            perplexity=perplexity,
            max_iter=_STEPS,
            # Only at the beginning are groups drawn together.
            early_exaggeration=12.0 if chunk == 0 else 1.0,
            random_state=1,
            n_jobs=1,
        )
        # On a busy machine its threads wait for each other longer than they work.
        with threadpool_limits(1):
            placed = step.fit_transform(near)
        tick(0.1 + 0.9 * (chunk + 1) / _CHUNKS)
    return placed
