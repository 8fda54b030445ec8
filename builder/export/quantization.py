"""What a person may choose about quantization: which blocks stay float, and how many samples tell ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.errors import shown_value, stop

DEFAULT_SAMPLES = 200
MOST_SAMPLES = 5000


def block_of_part(part: str) -> str:
    """Return the block of a part such as "encoder/query", a layer inside of it; a block is a part, too."""
    return part.partition("/")[0]


@dataclass(frozen=True)
class Quantization:
    """The choices of one export.

    ``keep_float`` holds ids of blocks whose weights and arithmetic stay in 32-bit floats, or those of layers
    inside of a block, such as "encoder/query";
    ``calibration_samples`` is the number of training samples whose activations become the 8-bit ranges.
    """

    keep_float: tuple[str, ...] = ()
    calibration_samples: int = DEFAULT_SAMPLES

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Quantization:
        """Return the choices in JSON data; what is left out is the default.

        Raises:
            BuilderError: ``bad_calibration`` where the number of samples makes no sense.
        """
        count = int(data.get("calibration_samples", DEFAULT_SAMPLES))
        if not 1 <= count <= MOST_SAMPLES:
            message = f"Calibration takes 1 to {MOST_SAMPLES:,} training samples. Got {shown_value(count)}."
            raise stop("bad_calibration", message)
        return cls(tuple(sorted(set(data.get("keep_float", ())))), count)

    def to_json(self) -> dict[str, Any]:
        """Return the choices as JSON data."""
        return {"keep_float": list(self.keep_float), "calibration_samples": self.calibration_samples}

    def check(self, blocks: Sequence[str]) -> None:
        """Make sure that the blocks exist.

        Raises:
            BuilderError: ``unknown_block`` where one does not.
        """
        unknown = [block for block in map(block_of_part, self.keep_float) if block not in blocks]
        if unknown:
            message = f"The model has no block '{unknown[0]}'. Its blocks are: {', '.join(blocks)}."
            raise stop("unknown_block", message)

    def words(self) -> str:
        """Return the choices in words, such as "dense stays float, 200 calibration samples"."""
        count = self.calibration_samples
        samples = f"{count:,} calibration sample{'' if count == 1 else 's'}"
        if not self.keep_float:
            return samples
        return f"{', '.join(self.keep_float)} in floats, {samples}"
