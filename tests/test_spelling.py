"""People read one spelling: American English, as Keras has it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BRITISH = re.compile(
    r"\w*(?:colour|grey(?!hound)|licence|centre\b|behaviour|recognis|normalis|initialis|labelled)\w*", re.I
)
READ_BY_PEOPLE = sorted(
    [
        ROOT / "README.md",
        ROOT / "builder" / "__main__.py",
        ROOT / "builder" / "project.py",
        ROOT / "builder" / "blocks" / "catalogue.json",
        *(ROOT / "builder" / "ui").glob("*.py"),
        *(ROOT / "builder" / "ui" / "sections").glob("*.py"),
        *(ROOT / "builder" / "ui" / "views").glob("*.py"),
        *(ROOT / "builder" / "data").glob("*.py"),
        *(ROOT / "builder" / "jobs").glob("*.py"),
        *(ROOT / "presets").glob("*/*.json"),
        *(ROOT / "presets" / "samples").glob("*/sample.json"),
    ]
)


@pytest.mark.parametrize("file", READ_BY_PEOPLE, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_words_for_people_are_american(file: Path) -> None:
    assert BRITISH.findall(file.read_text(encoding="utf-8")) == []
