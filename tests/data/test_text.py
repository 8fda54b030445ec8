"""Words and vocabularies. That they equal Keras's is in test_preprocessing.py."""

from builder.data.text import build_vocabulary, proposed_length, words_of


def test_words_are_lowered_and_bare():
    assert words_of("  Don't STOP!!! (now)\tÉlan—“so” ... ") == ["dont", "stop", "now", "Élan—“so”"]


def test_the_vocabulary_is_by_frequency_then_alphabet_whatever_the_order_of_texts():
    texts = ["b a a", "c b a", "z"]
    assert build_vocabulary([texts], 100) == ["", "[UNK]", "a", "b", "c", "z"]
    assert build_vocabulary([texts[::-1]], 4) == ["", "[UNK]", "a", "b"]


def test_the_proposed_length_covers_nineteen_of_twenty_texts():
    assert proposed_length([["word " * 10] * 96 + ["word " * 500] * 4]) == 10
    assert proposed_length([[""]]) == 2
    assert proposed_length([["word " * 9000]]) == 4096
