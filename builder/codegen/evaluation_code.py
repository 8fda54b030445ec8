"""The part of a script that scores the finished model by its task's own measure, and saves it."""

from __future__ import annotations

from dataclasses import replace

import keras

from builder import detections as boxes
from builder.codegen.layout import source
from builder.codegen.script_parts import Part
from builder.data.spec import DataSpec
from builder.decoding import character_error_rate, decoded, edit_distance
from builder.outputs import output_activation
from builder.training_plan.objective import PROBABILITIES

_WORDS = "The test rows were neither trained on nor used to choose the best epoch."
_EVALUATE = "print(model.evaluate(Batches(arrays, targets, test), return_dict=True))"
_PREDICT = "answers = model.predict(Batches(arrays, targets, test), verbose=0)"

_ERRORS_OF = '''\
def errors_of(model, arrays, targets, rows):
    """Return how badly the model gives back each of some rows: the mean square of the differences."""
    differences = model.predict(Batches(arrays, targets, rows), verbose=0) - targets[rows]
    return np.square(differences).reshape(len(rows), -1).mean(axis=1)'''

_GENERATE = '''\
def generate(model, text, count=200, temperature=0.8, top_k=40, seed=SEED):
    """Return a text that goes on for so many tokens, each drawn from the ``top_k`` likeliest ones."""
    random, length = np.random.default_rng(seed), WINDOWS["length"]
    tokens = tokens_of(text)
    for _ in range(count):
        recent = tokens[-length:]
        batch = np.zeros((1, length), dtype="int32")
        batch[0, : len(recent)] = recent
        scores = {scores}
        # The first two tokens are the padding and the unknown one.
        likeliest = 2 + np.argsort(scores[2:])[-top_k:]
        weights = np.exp((scores[likeliest] - scores[likeliest].max()) / temperature)
        tokens.append(int(random.choice(likeliest, p=weights / weights.sum())))
    return text_of(tokens)'''

_FILLED = '''\
def filled(model, tokens):
    """Return the texts of some pieces, with the likeliest word in place of every mask."""
    words = keras.tree.flatten(model.predict({"tokens": tokens}, verbose=0))[0]
    # The first tokens stand for no piece of text.
    guesses = FIRST_WORD + words[..., FIRST_WORD:].argmax(axis=-1)
    return [text_of(row) for row in np.where(tokens == MASK_TOKEN, guesses, tokens)]'''

_ENTITY_F1 = '''\
def entity_f1(answers, targets):
    """Return the F1 score of whole entities: only those with the right type and borders count."""
    right = told = true = 0
    for answer, target in zip(answers.argmax(axis=-1), targets, strict=True):
        words = target >= 0
        found = set(entities_of([CLASS_NAMES[number] for number in answer[words]]))
        known = set(entities_of([CLASS_NAMES[number] for number in target[words]]))
        right, told, true = right + len(found & known), told + len(found), true + len(known)
    return 2 * right / max(told + true, 1)'''


_ANSWER = '''\
def answer(model, tokens):
    """Return the model's answer to a text, at each step the likeliest token."""
    written = np.full((1, TARGET_LENGTH), 0, dtype="int32")
    written[0, 0] = START_TOKEN
    for place in range(1, TARGET_LENGTH):
        batch = {"tokens": tokens[np.newaxis], "target_tokens": written}
        # The first tokens are the padding, the unknown one and the start.
        scores = model.predict_on_batch(batch)[0, place - 1, END_TOKEN:]
        token = END_TOKEN + int(scores.argmax())
        if token == END_TOKEN:
            break
        written[0, place] = token
    return text_of([token for token in written[0] if token > END_TOKEN])'''


def evaluation_part(spec: DataSpec, model: keras.Model) -> Part:
    """Return the part that scores the model on rows that it has never seen, and saves it.

    Args:
        spec: the data's description.
        model: the model that the script builds.
    """
    write = {
        "reconstruction": _of_anomalies,
        "forecasting": _of_forecasts,
        "language_model": _of_language,
        "masked_language_model": _of_hidden_words,
        "token_classification": _of_tags,
        "ordinal": _of_ranks,
        "text_to_text": _of_answers,
        "detection": _of_boxes,
        "transcription": _of_transcripts,
    }.get(spec.task)
    if write is None:
        return Part("Evaluation", _WORDS, steps=(_EVALUATE, _SAVE))
    return write(spec, model)


_SAVE = "model.save(output)"

_USE = """\
some = Batches(arrays, targets, test[:5])
answers = keras.saving.load_model(output).predict(some, verbose=0)
for answer, target in zip(answers, some.targets, strict=True):
    print(f"true: {target}, predicted: {np.round(answer, 3)}")"""
_USES = {
    "language_model": "print(generate(keras.saving.load_model(output), text_of(pieces[test[-1]])))",
    "masked_language_model": """\
saved = keras.saving.load_model(output)
# Your own text, with a [MASK] for every piece that the model is to guess.
tokens = np.zeros((1, LENGTH), dtype="int32")
found = TOKENIZER.encode("To be or not to [MASK], that is the question.").ids[:LENGTH]
tokens[0, : len(found)] = found
print(filled(saved, tokens)[0])""",
    "detection": """\
outputs = keras.saving.load_model(output).predict(Batches(arrays, targets, test[:3]), verbose=0)
for found in map(detections, outputs):
    for kind, score, box in zip(found.classes[:5], found.scores[:5], found.boxes[:5], strict=True):
        print(f"{CLASS_NAMES[kind]} ({score:.2f}) at {np.round(box, 2)}")""",
    "generation": """\
more = make_samples(keras.saving.load_model(output), draw(model.latent_shape, 9, seed=1))
write_samples(more, Path("more_samples"))
print(f"made {len(more)} more samples, between {more.min():.3g} and {more.max():.3g}")""",
    "text_to_text": """\
saved = keras.saving.load_model(output)
for row in test[:5]:
    print(f"{text_of(arrays['tokens'][row])} -> {answer(saved, arrays['tokens'][row])}")""",
}


def use_code(spec: DataSpec) -> str:
    """Return the code of a notebook's last cell, which lets the saved model answer."""
    return _USES.get(spec.task, _USE)


def _of_anomalies(spec: DataSpec, model: keras.Model) -> Part:
    return Part(
        "Evaluation",
        "What the model gives back badly is unlike the rows that it has learned from.",
        imports=("import numpy as np", "from sklearn.metrics import roc_auc_score"),
        constants=(
            "# The share of normal rows that lies below the threshold.",
            f"NORMAL_SHARE = {spec.anomaly['quantile']}",
        ),
        definitions=(_ERRORS_OF,),
        steps=(
            "threshold = np.quantile(errors_of(model, arrays, targets, validation), NORMAL_SHARE)",
            "errors, unusual = errors_of(model, arrays, targets, test), ~is_normal[test]",
            'print(f"area under the ROC curve: {roc_auc_score(unusual, errors):.4f}")',
            'print(f"unusual rows found: {np.mean(errors[unusual] > threshold):.1%}")',
            'print(f"false alarms: {np.mean(errors[~unusual] > threshold):.1%}")',
            _SAVE,
        ),
    )


def _of_forecasts(spec: DataSpec, model: keras.Model) -> Part:
    return Part(
        "Evaluation",
        "A forecast is worth something where it beats the rule that everything stays as it was last.",
        imports=("import numpy as np",),
        steps=(
            _EVALUATE,
            "naive = np.abs(targets[test] - past[test][:, -1:, 0]).mean()",
            'print(f"mean absolute error of repeating the last value: {naive:.4f}")',
            _SAVE,
        ),
    )


def _of_language(spec: DataSpec, model: keras.Model) -> Part:
    scores = "model.predict_on_batch(batch)[0, len(recent) - 1]"
    if output_activation(model) in PROBABILITIES:
        scores = f"np.log({scores} + 1e-9)"
    return Part(
        "Evaluation",
        "The perplexity tells among how many equally likely tokens the model wavers at each step.",
        imports=("import numpy as np",),
        definitions=(_GENERATE.replace("{scores}", scores),),
        steps=(
            "scores = model.evaluate(Batches(arrays, targets, test), return_dict=True)",
            "print(f\"{scores}, perplexity: {np.exp(scores['loss']):.2f}\")",
            _SAVE,
            "print(generate(model, text_of(pieces[test[0]][:20])))",
        ),
    )


def _of_hidden_words(spec: DataSpec, model: keras.Model) -> Part:
    words = "targets[0]" if spec.further_targets else "targets"
    return Part(
        "Evaluation",
        "The perplexity tells among how many equally likely pieces of words the model wavers at each mask.",
        imports=("import keras", "import numpy as np"),
        definitions=(_FILLED,),
        steps=(
            _EVALUATE,
            _SAVE,
            'pieces = arrays["tokens"][test[:5]]',
            f"whole = shown(np.where, pieces, {words}[test[:5]])",
            "pairs = zip(whole, filled(model, pieces), strict=True)",
            'print(*(f"true: {text_of(true)}, guessed: {guess}" for true, guess in pairs), sep="\\n")',
        ),
    )


def _measured(*steps: str, definitions: tuple[str, ...] = ()) -> Part:
    """Return the part that makes one more score, by some steps, from the ``answers`` for the test rows."""
    whole = (_EVALUATE, _PREDICT, *steps, _SAVE)
    return Part("Evaluation", _WORDS, ("import numpy as np",), definitions=definitions, steps=whole)


def _of_boxes(spec: DataSpec, model: keras.Model) -> Part:
    carried = (
        *(boxes.Detections, boxes.overlap, boxes.without_repeats, boxes.detections, boxes.true_boxes),
        *(boxes.matched, boxes.average_precision, boxes.mean_average_precision),
    )
    part = _measured(
        "mean, _ = mean_average_precision([*map(detections, answers)], targets[test], len(CLASS_NAMES))",
        'print(f"mean average precision at half overlap: {mean:.4f}")',
        definitions=tuple(source(item) for item in carried),
    )
    return replace(
        part,
        imports=(*part.imports, "from dataclasses import dataclass"),
        constants=(
            "# Two boxes of one class that overlap more are one thing found twice.",
            f"SAME_THING = {boxes.SAME_THING}",
            "# Weaker boxes do not count, nor do more than so many cells and boxes a picture.",
            f"COUNTED_FROM = {boxes.COUNTED_FROM}",
            f"MOST_CELLS, MOST_BOXES = {boxes.MOST_CELLS}, {boxes.MOST_BOXES}",
        ),
    )


def _of_tags(spec: DataSpec, model: keras.Model) -> Part:
    step = 'print(f"F1 of entities: {entity_f1(answers, targets[test]):.4f}")'
    return _measured(step, definitions=(_ENTITY_F1,))


def _of_ranks(spec: DataSpec, model: keras.Model) -> Part:
    return _measured(
        "ranks = np.abs(answers.argmax(axis=-1) - targets[test]).mean()",
        'print(f"mean distance from the true rank: {ranks:.4f}")',
    )


def _of_transcripts(spec: DataSpec, model: keras.Model) -> Part:
    return _measured(
        "told = decoded(answers, CLASS_NAMES)",
        'true = ["".join(CLASS_NAMES[number] for number in row) for row in targets[test]]',
        'print(f"character error rate: {character_error_rate(told, true):.4f}")',
        definitions=tuple(source(item) for item in (decoded, edit_distance, character_error_rate)),
    )


def _of_answers(spec: DataSpec, model: keras.Model) -> Part:
    pair = "f\"{text_of(arrays['tokens'][row])} -> {answer(model, arrays['tokens'][row])}\""
    return Part(
        "Evaluation",
        _WORDS,
        imports=("import numpy as np",),
        definitions=(_ANSWER,),
        steps=(_EVALUATE, _SAVE, f'print(*({pair} for row in test[:5]), sep="\\n")'),
    )
