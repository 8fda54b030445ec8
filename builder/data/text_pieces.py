"""Pieces of a text, and pairs of halves of which the second follows the first or not.

Generated scripts carry these classes and functions, so that they cut a text as the studio does.
"""

# Scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import numpy as np

from builder.data.masking import CLASS_TOKEN, SEPARATOR_TOKEN, hidden_for_good

SHORTEST_PIECE = 8
PIECES_AT_ONCE = 1_000


class TextPieces:
    """The pieces of one long row of tokens.

    A piece begins with the class token and has a separator behind each half.

    Args:
        tokens: (tokens,), int32.
        ends: where its texts end.
        length: of a piece, in tokens.
        has_pairs: whether a piece has two halves.
    """

    def __init__(self, tokens, ends, length, has_pairs):
        self.tokens, self.ends, self.length, self.has_pairs = tokens, ends, length, has_pairs
        self.body = length - (3 if has_pairs else 2)

    def starts(self, first, last):
        """Return where the pieces of a part begin that lies between two places."""
        return np.arange(first, max(last - min(SHORTEST_PIECE, self.body) + 1, first), self.body)

    def made(self, starts, part, every, random):
        """Return the pieces at some starts, (pieces, length), and whether each second half follows.

        Args:
            starts: where they begin.
            part: where the part begins and ends.
            every: where all pieces of the part begin, from which other second halves are taken.
            random: what is drawn with.
        """
        found = np.zeros((len(starts), self.length), np.int32)
        follows = (random.random(len(starts)) < 0.5).astype(np.int32)
        strangers = random.choice(every, len(starts))
        for row, start in enumerate(starts):
            words = self.words(start, part)
            if not self.has_pairs:
                piece = [CLASS_TOKEN, *words, SEPARATOR_TOKEN]
            else:
                cut = self.cut(start, len(words))
                other = self.words(strangers[row], part)
                second = words[cut:] if follows[row] else other[self.cut(strangers[row], len(other)) :]
                piece = [CLASS_TOKEN, *words[:cut], SEPARATOR_TOKEN, *second][: self.length - 1]
                piece.append(SEPARATOR_TOKEN)
            found[row, : len(piece)] = piece
        return found, follows

    def words(self, start, part):
        """Return the tokens of the piece at a start, which does not reach beyond its part."""
        return self.tokens[start : min(start + self.body, part[1])].tolist()

    def cut(self, start, count):
        """Return where a piece has its second half: where a text ends near its middle, or in the middle."""
        place = np.searchsorted(self.ends, start + count // 4)
        near = self.ends[place : place + 50] - start
        near = near[near < 3 * count // 4]
        return int(near[np.abs(near - count // 2).argmin()]) if len(near) else count // 2


def hidden_pieces(pieces, part, size, random):
    """Yield a part's pieces, some at a time: with hidden words, what these were, and which halves follow.

    Args:
        pieces: the ``TextPieces``.
        part: where the part begins and ends.
        size: the size of the vocabulary.
        random: what is drawn with.
    """
    starts = pieces.starts(*part)
    for place in range(0, len(starts), PIECES_AT_ONCE):
        found, follows = pieces.made(starts[place : place + PIECES_AT_ONCE], part, starts, random)
        yield *hidden_for_good(found, size, random), follows
