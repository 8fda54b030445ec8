"""Writing with and without what was seen being kept: ``python benchmarks/decoding.py``.

A GPT like the preset's, untrained, writes to the end of what it sees, greedily; and the translation preset
answers test sentences, greedily and with a beam. The texts are checked to be the same.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from builder import compiler  # noqa: E402
from builder.data.prepare import Prepared, prepare  # noqa: E402
from builder.explain.answering import answers  # noqa: E402
from builder.explain.decoding.next_chances import NextChances  # noqa: E402
from builder.project import load_preset  # noqa: E402


def written(model: keras.Model, length: int, keeps: bool) -> list[int]:
    """Return the tokens that a language model writes from one to as many as it sees."""
    chances = NextChances(model, "tokens", keeps)
    tokens = [2]
    found = chances.begin([tokens])
    while len(tokens) < length:
        tokens.append(int(found[0].argmax()))
        found = chances.grow(tokens[-1:])
    return tokens


def language_case(length: int, cache: Path) -> tuple[str, Callable[[bool], list[int]], int]:
    """Return the GPT preset with another length, and how to let it write."""
    project = load_preset("language/gpt")
    settings = {**project.data.preprocessing, "sequence_length": length}
    project = replace(project, data=replace(project.data, preprocessing=settings))
    model = compiler.build(project, prepare(project.data, cache).spec)
    return f"language/gpt, {length} steps", lambda keeps: written(model, length, keeps), length


def answer_case(
    method: str, model: keras.Model, prepared: Prepared, count: int
) -> tuple[str, Callable[[bool], list[str]], int]:
    """Return the translation preset, and how to let it answer some test sentences."""
    rows = prepared.indices["test"][:count]
    arrays = {"tokens": np.asarray(prepared.arrays["tokens"][rows])}
    settings = {"method": method, "beams": 4, "length_penalty": 0.6}

    def run(keeps: bool) -> list[str]:
        return list(answers(model, prepared.spec, arrays, settings, keeps))

    return f"text_to_text/transformer, {count} sentences, {method}", run, count


def measured(run: Callable[[bool], object], rounds: int) -> tuple[float, float]:
    """Return the median CPU seconds with and without keeping, in turn, after a first round of each."""
    assert run(True) == run(False), "both ways must write the same"
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for keeps in (True, False):
            begun = time.process_time()
            run(keeps)
            seconds[keeps].append(time.process_time() - begun)
    return statistics.median(seconds[True]), statistics.median(seconds[False])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lengths", type=int, nargs="*", default=[64, 256, 512])
    parser.add_argument("--sentences", type=int, default=64)
    given = parser.parse_args()
    keras.utils.set_random_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        cases = [language_case(length, Path(folder)) for length in given.lengths]
        project = load_preset("text_to_text/transformer")
        prepared = prepare(project.data, Path(folder))
        model = compiler.build(project, prepared.spec)
        cases += [answer_case(method, model, prepared, given.sentences) for method in ("greedy", "beam")]
        print("| what is written | kept | the whole each time | ratio |")
        print("| --- | --- | --- | --- |")
        for name, run, units in cases:
            kept, whole = measured(run, given.rounds)
            unit = "a token" if "gpt" in name else "a sentence"
            print(
                f"| {name} | {1000 * kept / units:.1f} ms {unit} | {1000 * whole / units:.1f} ms | "
                f"{whole / kept:.1f}x |",
                flush=True,
            )


if __name__ == "__main__":
    main()
