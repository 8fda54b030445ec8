"""Where a quantized file loses its accuracy: the error of every block's output, and each block's own part."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from builder.export.preflight.owners import is_within
from builder.export.quantize import Samples

COMPARED_SAMPLES = 30
OWN_SAMPLES = 40
SECONDS = 60.0
# The blocks that are named: those that make this share of the error, and not more than so many. Of layers
# inside of blocks more are, because a single one is small.
_NAMED_SHARE, _MOST_NAMED = 0.6, 3
_NAMED_SHARE_INSIDE, _MOST_NAMED_INSIDE = 0.95, 6
_LOUDEST = 120.0


def layer_errors(
    tflite: bytes, quantized: bytes, samples: Samples, made: Mapping[str, Sequence[Sequence[str]]]
) -> dict[str, float]:
    """Return the signal-to-noise ratio of every block's last output, in decibels.

    Ten decibels more are a tenth of the error's power; 120 stands for no error. The error of the blocks
    before is part of it.

    Args:
        tflite: the float32 model.
        quantized: the quantized model.
        samples: inputs by name, each with a batch axis of 1.
        made: the tensors that each block's operators make, from ``made_by_block``.
    """
    exact, rounded = _Opened(tflite), _Opened(quantized)
    signal: dict[str, float] = {}
    noise: dict[str, float] = {}
    for sample in samples[:COMPARED_SAMPLES]:
        exact.answer(sample)
        rounded.answer(sample)
        for block, operators in made.items():
            names = [name for names in operators for name in names]
            both = next(filter(None, (_both(exact, rounded, name) for name in reversed(names))), None)
            if both is not None:
                # Powers are added up over samples: a mean of ratios would be that of the quietest sample.
                clean, noisy = both
                signal[block] = signal.get(block, 0.0) + float(np.mean(clean**2))
                noise[block] = noise.get(block, 0.0) + float(np.mean((noisy - clean) ** 2))
    return {block: decibels(power, noise[block]) for block, power in signal.items()}


def likeliest_first(names: Sequence[str], ratios: Mapping[str, float]) -> list[str]:
    """Return blocks, or parts of one, in the order of how much noisier each output is than the one before it.

    Args:
        names: in the order in which the model comes to them.
        ratios: from ``layer_errors``.
    """
    noise = [10 ** (-ratios.get(name, 0.0) / 10) for name in names]
    grown = {name: own - before for name, own, before in zip(names, noise, [0.0, *noise], strict=False)}
    return sorted(names, key=lambda name: -grown[name])


class _Opened:
    """A file that keeps what its operators make, to be looked at after each answer."""

    def __init__(self, tflite: bytes) -> None:
        self._interpreter = Interpreter(
            model_content=tflite,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        self._call = self._interpreter.get_signature_runner()
        self._tensors = {tensor["name"]: tensor for tensor in self._interpreter.get_tensor_details()}

    def answer(self, sample: Mapping[str, np.ndarray]) -> None:
        self._call(**sample)

    def values(self, name: str) -> np.ndarray | None:
        """Return a tensor as floats, or None where it is not there, such as what a loop keeps to itself."""
        tensor = self._tensors.get(name)
        if tensor is None:
            return None
        try:
            found = self._interpreter.get_tensor(tensor["index"]).astype(np.float64)
        except ValueError:
            return None
        scales = tensor["quantization_parameters"]["scales"]
        if len(scales) != 1:
            return found
        return (found - tensor["quantization_parameters"]["zero_points"][0]) * scales[0]


def _both(exact: _Opened, rounded: _Opened, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    clean, noisy = exact.values(name), rounded.values(name)
    if clean is None or noisy is None or clean.shape != noisy.shape or not clean.size:
        return None
    return clean, noisy


def own_errors(
    tflite: bytes,
    blocks: Iterable[str],
    quantized_alone: Callable[[str], bytes],
    samples: Samples,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, float]:
    """Return for each block the power of the error of the model's output where that block alone is quantized.

    Blocks for which the time does not suffice are left out.

    Args:
        tflite: the float32 model.
        blocks: the blocks or their parts, the likeliest culprits first.
        quantized_alone: returns the file in which one block is quantized and all others stay float.
        samples: inputs by name, each with a batch axis of 1.
        clock: in seconds.
    """
    asked = samples[:OWN_SAMPLES]
    expected = answers(tflite, asked)
    begun = clock()
    found = {}
    for block in blocks:
        if clock() - begun > SECONDS:
            break
        found[block] = float(np.mean((answers(quantized_alone(block), asked) - expected) ** 2))
    return found


def total_error(tflite: bytes, quantized: bytes, samples: Samples) -> float:
    """Return the power of the error of the model's output where everything is quantized that is to be."""
    asked = samples[:OWN_SAMPLES]
    return float(np.mean((answers(quantized, asked) - answers(tflite, asked)) ** 2))


def shares(errors: Mapping[str, float], known: float = 0.0) -> dict[str, float]:
    """Return each block's share of the error, 0 to 1; errors of blocks add up where they are small.

    Args:
        errors: from ``own_errors``.
        known: the error of all blocks together, where the time did not suffice for each of them.
    """
    total = max(sum(errors.values()), known)
    return {block: error / total if total else 0.0 for block, error in errors.items()}


def hurting(parts: Mapping[str, float]) -> list[str]:
    """Return the few blocks that make most of the error, the worst first."""
    return _named(parts, _NAMED_SHARE, _MOST_NAMED)


def hurting_inside(parts: Mapping[str, float]) -> list[str]:
    """Return the layers inside of blocks that make nearly all of the error, the worst first."""
    named = _named(parts, _NAMED_SHARE_INSIDE, _MOST_NAMED_INSIDE)
    # A part that stays in floats does so with all that is inside of it.
    return [part for part in named if not any(other != part and is_within(part, other) for other in named)]


def _named(parts: Mapping[str, float], share: float, most: int) -> list[str]:
    named: list[str] = []
    for part in sorted(parts, key=lambda name: -parts[name]):
        if sum(parts[name] for name in named) >= share or len(named) == most:
            break
        if parts[part] > 0:
            named.append(part)
    return named


def answers(tflite: bytes, samples: Samples) -> np.ndarray:
    """Return a file's answers to some samples: all outputs of a sample in one row."""
    runner = Interpreter(model_content=tflite, num_threads=1)
    call = runner.get_signature_runner()
    rows = []
    for sample in samples:
        found: Any = call(**sample)
        rows.append(np.concatenate([np.ravel(found[name]).astype(np.float64) for name in sorted(found)]))
    return np.stack(rows)


def decibels(signal: float, noise: float) -> float:
    """Return a signal-to-noise ratio in decibels, at most 120."""
    if noise <= 0:
        return _LOUDEST
    return min(_LOUDEST, 10 * math.log10(max(signal, 1e-12) / noise))
