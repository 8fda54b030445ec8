"""BLEU and ROUGE-L on cases that can be worked out by hand."""

import math

import pytest

from builder.explain.text_scores import fitting_cut, rouge_l, text_scores


def test_rouge_l_follows_the_longest_row_in_common() -> None:
    # Lin (2004), section 3.2: "police killed the gunman" beside two answers.
    reference = "police killed the gunman".split()
    assert rouge_l("police kill the gunman".split(), reference) == pytest.approx(0.75)
    assert rouge_l("the gunman kill police".split(), reference) == pytest.approx(0.5)
    assert rouge_l([], reference) == 0.0
    assert rouge_l("police".split(), reference) == pytest.approx(2 / 5)


def test_bleu_of_a_case_worked_out_by_hand() -> None:
    answer, reference = "the cat sat on the mat today", "the cat sat on the mat"
    # 6 of 7 words, 5 of 6 pairs, 4 of 5 triples, 3 of 4 rows of four; no penalty for a longer answer.
    expected = 100 * math.exp(sum(math.log(x) for x in (6 / 7, 5 / 6, 4 / 5, 3 / 4)) / 4)
    assert text_scores([answer], [reference], "13a")["bleu"] == pytest.approx(expected)
    assert text_scores([reference], [reference], "13a")["bleu"] == pytest.approx(100)


def test_chinese_is_cut_into_words_that_bleu_can_count() -> None:
    assert fitting_cut(["我们来试试。", "你好 Tom。"]) == "zh"
    assert fitting_cut(["Let us try.", "Hello 你好, how are you?"]) == "13a"
    assert fitting_cut(["これはペンです"]) == "char"
    same = text_scores(["我们来试试。"], ["我们来试试。"], "zh")
    assert (same["bleu"], same["rouge_l"]) == (pytest.approx(100), 1.0)
    assert 0 < text_scores(["我们来试试。"], ["我们来试试看。"], "zh")["bleu"] < 100
