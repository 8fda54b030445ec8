"""Where a quantized file loses its accuracy: the error of every block's output, and each block's own part."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer import model_validator
from litert_quantizer.utils import validation_utils

from builder.export.quantize import Samples
from builder.export.tflite import SIGNATURE

# Both files are loaded anew for every sample that is compared tensor by tensor.
COMPARED_SAMPLES = 12
OWN_SAMPLES = 40
SECONDS = 60.0
# The blocks that are named: those that make this share of the error, and not more than so many.
_NAMED_SHARE, _MOST_NAMED = 0.6, 3
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
    metrics = [validation_utils.ValidationErrorMetric.MSE, validation_utils.ValidationErrorMetric.SNR]
    # Powers are added up over samples: a mean of ratios would be that of the quietest sample.
    powers = [validation_utils.mean_squared_difference, lambda noisy, clean: _power(clean)]
    compared = model_validator.compare_model(
        tflite,
        quantized,
        {SIGNATURE: list(samples[:COMPARED_SAMPLES])},
        metrics,
        compare_fns=powers,
        use_xnnpack=False,
        num_threads=1,
    ).get_all_tensor_results()
    noise, signal = (metric.value for metric in metrics)
    found = {}
    for block, operators in made.items():
        names = [name for names in operators for name in names if name in compared]
        if names:
            last = compared[names[-1]]
            found[block] = decibels(last[signal], last[noise])
    return found


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
        blocks: the blocks, the likeliest culprits first.
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


def shares(errors: Mapping[str, float]) -> dict[str, float]:
    """Return each block's share of the error, 0 to 1; errors of blocks add up where they are small."""
    total = sum(errors.values())
    return {block: error / total if total else 0.0 for block, error in errors.items()}


def hurting(parts: Mapping[str, float]) -> list[str]:
    """Return the few blocks that make most of the error, the worst first."""
    named: list[str] = []
    for block in sorted(parts, key=lambda name: -parts[name]):
        if sum(parts[name] for name in named) >= _NAMED_SHARE or len(named) == _MOST_NAMED:
            break
        if parts[block] > 0:
            named.append(block)
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


def _power(values: Any) -> float:
    flat = np.nan_to_num(np.ravel(np.asarray(values, np.float32)))
    return float(np.square(flat).mean()) if flat.size else 0.0
