"""Numbers of bytes in words: one unit on every page, in the shell and in reports."""

import pytest

from builder.sizes import GB, KB, MB, size_words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, "–"),
        (0, "0 B"),
        (40, "40 B"),
        (1_023, "1,023 B"),
        (1_400, "1.4 KB"),
        (256 * KB, "256 KB"),
        (376_000, "367.2 KB"),
        # Not 1,024 KB.
        (MB - 40, "1 MB"),
        (2_500_000_000, "2.3 GB"),
        (2_000 * GB, "2,000 GB"),
    ],
)
def test_sizes_are_told_in_units_of_1024(count: float | None, words: str) -> None:
    assert size_words(count) == words
