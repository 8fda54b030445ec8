"""An order for data larger than memory: shuffled blocks of neighboring rows, mixed window by window.

A shuffle of single rows would read the disk once a row. Here whole blocks are read, many of them far apart
make a window, and the window's rows are shuffled in memory. Every position is visited once an epoch, and the
order depends on seed and epoch alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

# Large enough to be read at a disk's full speed.
BLOCK_BYTES = 256_000
WINDOW_BYTES = 96_000_000
# However large a sample is, so many are mixed with each other.
_LEAST_ROWS_OF_A_WINDOW = 256


@dataclass(frozen=True)
class BlockOrder:
    """The order of an epoch's samples, window by window.

    Args:
        seed: the run's seed.
        epoch: counted from 0.
        rows: samples in all.
        block_rows: neighboring samples that stay in one window.
        window_blocks: blocks a window.
    """

    seed: int
    epoch: int
    rows: int
    block_rows: int
    window_blocks: int

    @classmethod
    def for_rows(cls, seed: int, epoch: int, rows: int, row_bytes: int) -> BlockOrder:
        """Return an order whose windows fit into memory, for samples of ``row_bytes``."""
        window_rows = max(WINDOW_BYTES // max(row_bytes, 1), _LEAST_ROWS_OF_A_WINDOW)
        block_rows = max(min(BLOCK_BYTES // max(row_bytes, 1), window_rows // 16), 1)
        return cls(seed, epoch, rows, block_rows, max(window_rows // block_rows, 1))

    def __len__(self) -> int:
        return self.rows

    def windows(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Return for every window the number of its first place in the order, its positions in rising
        order, and the shuffle of them: place ``start + k`` holds ``positions[shuffle[k]]``."""
        start = 0
        for number, blocks in enumerate(self._windows_of_blocks()):
            positions = np.concatenate([self._block(block) for block in np.sort(blocks)])
            shuffle = np.random.default_rng((self.seed, self.epoch, number)).permutation(len(positions))
            yield start, positions, shuffle
            start += len(positions)

    def _windows_of_blocks(self) -> list[np.ndarray]:
        blocks = _block_order(self.seed, self.epoch, -(-self.rows // self.block_rows))
        return [
            blocks[start : start + self.window_blocks] for start in range(0, len(blocks), self.window_blocks)
        ]

    def _block(self, number: int) -> np.ndarray:
        first = number * self.block_rows
        return np.arange(first, min(first + self.block_rows, self.rows))


@lru_cache(maxsize=4)
def _block_order(seed: int, epoch: int, blocks: int) -> np.ndarray:
    return np.random.default_rng((seed, epoch)).permutation(blocks)


@dataclass(frozen=True)
class RowOrder:
    """The rows' own order, read in windows of ``window_rows``."""

    rows: int
    window_rows: int

    @classmethod
    def for_rows(cls, rows: int, row_bytes: int) -> RowOrder:
        """Return the order with windows that fit into memory, for samples of ``row_bytes``."""
        return cls(rows, max(WINDOW_BYTES // max(row_bytes, 1), _LEAST_ROWS_OF_A_WINDOW))

    def __len__(self) -> int:
        return self.rows

    def windows(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Return every window as ``BlockOrder.windows`` does; nothing is shuffled."""
        for start in range(0, self.rows, self.window_rows):
            positions = np.arange(start, min(start + self.window_rows, self.rows))
            yield start, positions, np.arange(len(positions))
