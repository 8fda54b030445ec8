"""Which encoding letters have that are not UTF-8: one of East Asia where that makes sense of them, else
Windows-1252."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from builder.data.frequent_letters import CHINESE, JAPANESE, KOREAN
from builder.errors import Problem

WINDOWS = "cp1252"
# What the encodings that are told are called, by Python's names for them.
ENCODING_NAMES = {
    WINDOWS: "Windows-1252 (Western)",
    "gb18030": "GB18030 (Chinese, also known as GBK)",
    "big5hkscs": "Big5 (Chinese)",
    "cp932": "Shift-JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "cp949": "EUC-KR (Korean)",
}
LOOKED_AT_BYTES = 200_000
_COMMON_SHARE = 0.6
# Other encodings leave bytes that make no letter all over a text; a damaged file has few.
_WEIGHT_OF_ERRORS = 10
# Encodings whose shares of common letters are as near as this are told apart by their frequent ones.
_NEAR = 0.05
# In the order in which they are taken where nothing tells them apart.
_FREQUENT = {"gb18030": CHINESE, "big5hkscs": CHINESE, "cp932": JAPANESE, "cp949": KOREAN, "euc_jp": JAPANESE}
_OTHER = r"[^\x00-\x7f]"
# An accented letter within a word, which an East Asian encoding takes for half a letter of its own.
_ALONE_IN_WORD = re.compile(rf"(?<=[A-Za-z]){_OTHER}(?!{_OTHER})|(?<!{_OTHER}){_OTHER}(?=[A-Za-z])")
# The sign of degrees with its C is another such half.
_ALONE_BEHIND_NUMBER = re.compile(rf"(?<=[0-9]){_OTHER}(?![A-Za-z]|{_OTHER})")


def guessed_encoding(lines: Iterable[bytes]) -> str:
    """Return the encoding of lines that are not all UTF-8, by what their first letters would be.

    A letter counts for an encoding where the standard behind it lists it among its common ones. Every
    syllable of Korean and most of Japanese is such a letter of Chinese, too; then the frequent ones tell.

    Args:
        lines: whole lines; they are read until there are letters enough.
    """
    data = b"\n".join(lines_with_letters(lines))
    scores = {name: _score(data, name) for name in _FREQUENT}
    best = max(scores.values())
    if best < _COMMON_SHARE:
        return WINDOWS
    near = [name for name, score in scores.items() if score >= best - _NEAR]
    return max(near, key=lambda name: _frequent_share(data, name))


def encoding_of(data: bytes) -> str:
    """Return the encoding of the bytes of a whole file."""
    return unicode_encoding(data) or guessed_encoding(data.splitlines())


def decoded(data: bytes, other: str) -> str:
    """Return the text in bytes, which has the encoding ``other`` where it is not Unicode."""
    return data.decode(unicode_encoding(data) or other, "replace")


def unicode_encoding(data: bytes) -> str | None:
    """Return the Unicode encoding of bytes: that of a wide mark, "utf-8-sig", or None."""
    wide = wide_encoding(data)
    if wide is not None:
        return wide
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8-sig"


def wide_encoding(data: bytes) -> str | None:
    """Return "utf-32" or "utf-16" where bytes begin with its mark, or None."""
    # The mark of UTF-32 begins as that of UTF-16 does.
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return None


def encoding_problems(name: str, encoding: str) -> list[Problem]:
    """Return the warning that a file is not UTF-8 where its encoding is one that was guessed."""
    if encoding not in ENCODING_NAMES:
        return []
    message = (
        f"{name} is not written in UTF-8, so it was read as {ENCODING_NAMES[encoding]}. If letters look "
        "wrong, save the file again with the encoding UTF-8."
    )
    return [Problem("encoding_guessed", message, field="source", severity="warning")]


def lines_with_letters(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Return the lines that hold more than ASCII, until there are letters enough to tell an encoding."""
    size = 0
    for line in lines:
        if not line.isascii():
            yield line.rstrip(b"\r\n")
            size += len(line)
        if size > LOOKED_AT_BYTES:
            return


def _score(data: bytes, encoding: str) -> float:
    text = data.decode(encoding, "replace")
    letters = _letters(text)
    alone = Counter(_ALONE_IN_WORD.findall(text))
    signs = (sign for sign in _ALONE_BEHIND_NUMBER.findall(text) if sign in letters)
    alone.update(sign for sign in signs if sign.encode(encoding, "replace")[-1:].isalpha())
    common = _common(encoding)
    good = sum(count - alone[letter] for letter, count in letters.items() if letter in common)
    return (good - _WEIGHT_OF_ERRORS * letters["\ufffd"]) / max(letters.total(), 1)


def _letters(text: str) -> Counter[str]:
    return Counter(letter for letter in text if letter > "\x7f" and _is_letter(letter))


def _is_letter(letter: str) -> bool:
    # Signs are neither for nor against an encoding; places for private use stand for nothing.
    return letter.isalpha() or letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff"


def _frequent_share(data: bytes, encoding: str) -> float:
    letters = _letters(data.decode(encoding, "replace"))
    frequent = sum(count for letter, count in letters.items() if letter in _FREQUENT[encoding])
    return frequent / letters.total()


@cache
def _common(encoding: str) -> frozenset[str]:
    """Return the letters that a national standard lists as its common ones; they lie together in it."""
    low, high = range(0x40, 0x7F), range(0xA1, 0xFF)
    # Other letters than Chinese ones lie behind the last common one.
    traditional = frozenset(filter("\u4e00".__le__, _listed("big5", range(0xA4, 0xC7), (*low, *high))))
    if encoding == "gb18030":
        return _listed("gb2312", range(0xB0, 0xD8), high) | traditional
    if encoding in ("cp932", "euc_jp"):
        return _listed("euc_jp", range(0xB0, 0xD0), high) | JAPANESE
    if encoding == "cp949":
        return _listed("euc_kr", range(0xB0, 0xC9), high)
    return traditional


def _listed(encoding: str, firsts: Iterable[int], seconds: Iterable[int]) -> frozenset[str]:
    seconds = tuple(seconds)
    pairs = (bytes((first, second)) for first in firsts for second in seconds)
    return frozenset("".join(pair.decode(encoding, "ignore") for pair in pairs))
