"""The lists of words that travel inside an exported file: the names of classes, and the vocabulary."""

from __future__ import annotations

from builder.data.spec import DataSpec, ModelInput

VOCABULARY_FILE = "vocabulary.txt"


def packed_words(spec: DataSpec) -> dict[str, list[str]]:
    """Return the lines of every file of words that a model for these data needs, by the file's name."""
    files = {
        labels_file(number): [one_line(name) for name in target.class_names]
        for number, target in enumerate(spec.each_target)
        if target.class_names
    }
    for item in spec.inputs:
        if has_vocabulary(item):
            files[VOCABULARY_FILE] = [one_line(word) for word in item.settings["vocabulary"]]
    return files


def packed_bytes(spec: DataSpec) -> int:
    """Return the size of all these files together."""
    return sum(len(line.encode()) + 1 for lines in packed_words(spec).values() for line in lines)


def labels_file(number: int) -> str:
    """Return the name of the file with the classes of an output, counted from 0."""
    return "labels.txt" if number == 0 else f"labels_{number + 1}.txt"


def has_vocabulary(item: ModelInput) -> bool:
    """Tell whether a list of words is all that cuts a text into tokens."""
    return item.kind == "text" and item.settings.get("tokenizer", "word") in ("word", "word_piece")


def one_line(text: str) -> str:
    """Return a name as it can stand in a line of its own."""
    return text.replace("\n", " ")
