"""Words with tags are read from CoNLL files and JSON Lines; what is malformed is told with its line."""

import json
from pathlib import Path

import numpy as np
import pytest

from builder.data.encode import encode
from builder.data.prepare import Prepared, prepare
from builder.data.profile import profile, propose
from builder.data.sniffing import source_at
from builder.data.sources import SAMPLES_FOLDER
from builder.data.spec import IGNORED
from builder.data.tagged_text import TAGS, TOKENS, read_tagged, words_in
from builder.data.tags import entities_of, to_iob2
from builder.data.words import cut_into_words
from builder.errors import BuilderError

WIKIGOLD = SAMPLES_FOLDER / "wikigold" / "wikigold.txt"


def written(tmp_path: Path, text: str | bytes, name: str = "names.conll") -> Path:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def some_sentences(tmp_path: Path, count: int = 60) -> Path:
    """Return a file with the first sentences of the real sample."""
    sentences = WIKIGOLD.read_text(encoding="utf-8").split("\n\n")[:count]
    return written(tmp_path, "\n\n".join(sentences))


def code_of(error: pytest.ExceptionInfo[BuilderError]) -> tuple[str, str]:
    problem = error.value.problems[0]
    return problem.code, problem.message


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-PER I-PER O B-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),
        ("I-PER I-PER O I-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),
        ("B-PER B-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("I-PER I-LOC B-LOC", [("PER", 0, 0), ("LOC", 1, 1), ("LOC", 2, 2)]),
        ("B-A I-A E-A S-A B-B E-B", [("A", 0, 2), ("A", 3, 3), ("B", 4, 5)]),
        ("B-A L-A U-A", [("A", 0, 1), ("A", 2, 2)]),
        ("O O", []),
    ],
)
def test_every_scheme_of_tags_marks_the_same_entities(tags: str, expected: list) -> None:
    found = entities_of(tags.split())
    assert [(entity.kind, entity.first, entity.last) for entity in found] == expected
    assert entities_of(to_iob2(tags.split())) == found


def test_a_conll_file_becomes_sentences_whatever_columns_stand_between(tmp_path: Path) -> None:
    text = (
        "-DOCSTART- -X- O O\n\nAnn NNP B-NP B-PER\nran VBD B-VP O\n\n# aside\nto TO O O\nKöln NNP O B-LOC\n"
    )
    table = read_tagged(written(tmp_path, text))
    assert [words_in(cell) for cell in table.frame[TOKENS]] == [["Ann", "ran"], ["to", "Köln"]]
    assert words_in(table.frame[TAGS].iloc[1]) == ["O", "B-LOC"]
    assert table.lines.tolist() == [3, 7]
    assert table.problems == ()


def test_what_is_malformed_is_told_with_its_line(tmp_path: Path) -> None:
    good = "Ann\tB-PER\nran\tO\n\n" * 40
    table = read_tagged(written(tmp_path, f"{good}lonely\nBob\tI-PER\nhere\tnowhere\n"))
    messages = {problem.code: problem.message for problem in table.problems}
    assert "line 121 ('lonely'), 123 (" in messages["rows_skipped"]
    assert "begin with I- instead of B-" in messages["begins_with_i"]
    assert words_in(table.frame[TOKENS].iloc[-1]) == ["Bob"]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"Ann\nran\nto\nKoeln\n", "not_tagged", "line 1 has 1 column(s)"),
        (b"Ann\tperson\nran\tverb\nto\tword\nhim\tword\n", "not_tagged", "'person', which is no tag"),
        ("Köln\tB-LOC\n".encode() + "Bär\tB-PER\n".encode("cp1252"), "mixed_encodings", "line 2"),
        (b"\x80\x04]q\x00.", "pickle_refused", "pickle"),
        (b"PK\x03\x04abc", "not_tagged", "zip"),
        (b"\n\n", "not_tagged", "no words"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, code: str, words: str) -> None:
    with pytest.raises(BuilderError) as error:
        read_tagged(written(tmp_path, content))
    found, message = code_of(error)
    assert found == code and words in message


def test_json_lines_with_tokens_and_tags_are_proposed_as_token_classification(tmp_path: Path) -> None:
    rows = [{"tokens": ["Ann", "ran"], "tags": ["B-PER", "O"]}] * 30
    rows.append({"tokens": ["Ann", "ran"], "tags": ["O"]})
    file = written(tmp_path, "\n".join(map(json.dumps, rows)), "names.jsonl")
    recipe = propose(source_at(file))
    assert recipe.task == "token_classification"
    found = profile(recipe)
    assert found["class_balance"] == {"PER": 30} and found["rows"] == 30
    assert "line 31: there are 2 word(s) but 1 tag(s)" in found["problems"][0]["message"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("tagged")
    recipe = propose(source_at(some_sentences(folder)))
    assert (recipe.source["kind"], recipe.task) == ("conll", "token_classification")
    return prepare(recipe, folder / "cache")


def test_only_the_first_piece_of_a_word_has_a_class(prepared: Prepared) -> None:
    for row in range(10):
        sentence = prepared.sample(row)
        targets = prepared.targets[row]
        names = [prepared.spec.class_names[number] for number in targets[targets != IGNORED]]
        assert names == sentence["tags"][: len(names)]
        assert (targets[prepared.arrays["tokens"][row] == 0] == IGNORED).all()
    # Rare words are cut into pieces.
    assert (prepared.targets[:] == IGNORED).sum() > (prepared.arrays["tokens"][:] == 0).sum()


def test_a_sentence_of_ones_own_is_cut_as_the_file_is(prepared: Prepared) -> None:
    sentence = prepared.sample(3)
    found = encode(prepared.spec, [{"tokens": sentence["tokens"]}, {"text": "Ann ran."}])["tokens"]
    assert np.array_equal(found[0], prepared.arrays["tokens"][3])
    assert cut_into_words("Ann's dog (2.5) 北京。") == [
        "Ann",
        "'",
        "s",
        "dog",
        "(",
        "2",
        ".",
        "5",
        ")",
        "北",
        "京",
        "。",
    ]


def test_a_table_without_tags_is_refused_in_words(tmp_path: Path) -> None:
    file = written(tmp_path, "text,label\n" + "hello,1\nbye,2\n" * 20, "table.csv")
    recipe = propose(source_at(file))
    with pytest.raises(BuilderError) as error:
        prepare(type(recipe)(recipe.source, "token_classification", {}), tmp_path / "cache")
    assert code_of(error)[0] == "not_tagged"


def test_a_number_sign_is_a_word_where_it_has_a_tag_as_the_lines_around_it(tmp_path: Path) -> None:
    text = (
        "# a corpus\nfinished VBD B-VP O\n# NN B-NP O\n2 CD I-NP O\n\n# the end\n# NN B-NP O\n1 CD I-NP O\n"
    )
    table = read_tagged(written(tmp_path, text))
    assert [words_in(cell) for cell in table.frame[TOKENS]] == [["finished", "#", "2"], ["#", "1"]]
    assert table.problems == ()


def test_a_long_file_without_empty_lines_is_read_in_one_go(tmp_path: Path) -> None:
    table = read_tagged(written(tmp_path, "".join(f"word{number}\tO\n" for number in range(200_000))))
    assert len(words_in(table.frame[TOKENS].iloc[0])) == 200_000


def test_signs_that_belong_to_a_letter_stay_in_its_word() -> None:
    assert cut_into_words("हिन्दी में लिखा।") == ["हिन्दी", "में", "लिखा", "।"]
    assert cut_into_words("مُحَمَّد يكتب") == ["مُحَمَّد", "يكتب"]
    assert cut_into_words("cafe\u0301 தமிழ், שָׁלוֹם") == ["cafe\u0301", "தமிழ்", ",", "שָׁלוֹם"]
    assert cut_into_words("か\u3099き 北京!") == ["か\u3099", "き", "北", "京", "!"]
    assert cut_into_words("می\u200cخواهم 👩\u200d👩 \u0301x") == [
        "می\u200cخواهم",
        "👩",
        "\u200d",
        "👩",
        "\u0301",
        "x",
    ]
