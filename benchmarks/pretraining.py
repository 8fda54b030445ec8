"""Whether pretraining helps: an encoder that has read messages without labels, beside one from scratch.

    python benchmarks/pretraining.py [--labels 50 100 200] [--draws 5]

The messages of the sample sms_spam: 1,000 are kept for the test, the texts of all others are what the encoder
of language/bert reads, with words hidden from it. Few labels are then drawn, a fifth of them to validate, and
the encoder is fine-tuned on them as ``builder.fine_tuning`` sets it up; the same model from random weights is
trained on the same labels, at the same and at a four times higher learning rate.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
from trained import ended  # noqa: E402 (the folders are named above)

SAMPLE = "sms_spam"
TEST_ROWS = 1000
VALIDATION = 0.2
EPOCHS = 30
READING_EPOCHS = 20
LENGTH = 40
TARGET, TEXT, RARE = "label", "text", "spam"


def main() -> None:
    """Pretrain once, train on every draw of labels, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--labels", type=int, nargs="*", default=[50, 100, 200])
    parser.add_argument("--draws", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KERABLOCKS_HOME"] = folder
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        table = _messages()
        test, others = table.iloc[:TEST_ROWS], table.iloc[TEST_ROWS:]
        read = _pretrained(Path(folder), others)
        print(f"Read: {len(others):,} messages. Perplexity: {read.result['test']['perplexity']:.0f}.")
        print("| labels | start | accuracy, median (least, most) | F1 of spam, median (least, most) |")
        print("| --- | --- | --- | --- |")
        for count in chosen.labels:
            _measure(Path(folder), read.id, count, chosen.draws, others, test)


def _messages() -> Any:
    from builder.data.sources import open_source, samples

    sample = next(item for item in samples() if item.name == SAMPLE)
    columns = {role: name for name, role in sample.roles.items()}
    frame = open_source({"kind": "sample", "name": SAMPLE}).frame
    named = frame.rename(columns={columns["target"]: TARGET, columns["text"]: TEXT})
    return named.sample(frac=1.0, random_state=1).reset_index(drop=True)


def _pretrained(folder: Path, messages: Any) -> Any:
    from builder.jobs import training
    from builder.project import DataRecipe, load_preset

    file = folder / "texts.csv"
    messages[[TEXT]].to_csv(file, index=False)
    preset = load_preset("language/bert")
    data = DataRecipe(
        {"kind": "csv", "path": str(file)},
        "masked_language_model",
        {TEXT: "text"},
        {**preset.data.preprocessing, "next_sentence": False, "sequence_length": LENGTH},
        preset.data.split,
    )
    model = preset.model.edited([{"op": "remove_node", "id": "follows"}])
    settings = {**preset.training, "epochs": READING_EPOCHS}
    project = replace(preset, data=data, model=model, training=settings)
    return ended(training.submit(project.to_json()))


def _measure(folder: Path, run_id: str, count: int, draws: int, others: Any, test: Any) -> None:
    starts: dict[str, dict[str, Any]] = {
        "pretrained": {},
        "random weights": {"initial_weights": "none"},
        "random weights, four times the rate": {"initial_weights": "none", "learning_rate": 0.002},
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in starts}
    for draw in range(draws):
        for name, settings in starts.items():
            found[name].append(
                _score(folder, run_id, others.sample(count, random_state=draw), test, settings)
            )
    for name, scores in found.items():
        cells = [_spread([score[key] for score in scores]) for key in ("accuracy", "f1_score")]
        print(f"| {count} | {name} | {cells[0]} | {cells[1]} |", flush=True)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f}, {max(values):.3f})"


def _score(folder: Path, run_id: str, labeled: Any, test: Any, settings: dict[str, Any]) -> dict[str, float]:
    from builder.fine_tuning import fine_tuning_project
    from builder.jobs import tasks, training
    from builder.project import DataRecipe, Project
    from builder.runs.store import default_store

    file = folder / "labeled.csv"
    labeled.to_csv(file, index=False)
    # The run's own test part is too small to tell anything; the messages kept for the test are asked below.
    split = {"method": "stratified", "validation": VALIDATION, "test": 0.1}
    recipe = DataRecipe(
        {"kind": "csv", "path": str(file)}, "classification", {TEXT: "text", TARGET: "target"}, {}, split
    )
    pretrained = Project.from_json(default_store().run_document(run_id))
    project = fine_tuning_project(pretrained, run_id, LENGTH, recipe)
    project = replace(project, training={**project.training, "epochs": EPOCHS, **settings})
    run = ended(training.submit(project.to_json()))
    answers = tasks.predict(run.id, [{TEXT: text} for text in test[TEXT]])
    found = [max(answer["probabilities"], key=answer["probabilities"].get) for answer in answers]
    return _measured(list(test[TARGET]), found)


def _measured(wanted: list[str], found: list[str]) -> dict[str, float]:
    pairs = list(zip(wanted, found, strict=True))
    caught = sum(one == other == RARE for one, other in pairs)
    named = wanted.count(RARE) + found.count(RARE)
    accuracy = sum(one == other for one, other in pairs) / len(pairs)
    return {"accuracy": accuracy, "f1_score": 2 * caught / named}


if __name__ == "__main__":
    main()
