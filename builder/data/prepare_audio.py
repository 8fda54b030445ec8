"""The rate and length that recordings are prepared in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from builder.data.audio import BrokenRecording, Recording, to_waveform
from builder.data.some_rows import spread
from builder.data.spec import AUDIO_INPUT, ArraySpec, ModelInput
from builder.params import AUTO

# Speech and most other sounds of daily life are told apart below 8 kHz.
PROPOSED_RATE = 16_000
PROPOSED_SECONDS = 10.0
_LOOKED_AT = 40


class Recordings(Protocol):
    """Recordings with a name each, decoded one by one."""

    @property
    def names(self) -> Sequence[str]:
        """The recordings' names."""

    @property
    def read(self) -> Callable[[int], Recording]:
        """Decodes the recording at a position; raises ``BrokenRecording``."""


def audio_input(
    source: Recordings, settings: Mapping[str, Any]
) -> tuple[ModelInput, Callable[[int], np.ndarray]]:
    """Return the model's input for recordings, and the function that makes one recording's array."""
    rate, seconds = audio_form(source, settings)
    samples = max(round(rate * seconds), 1)
    described = {
        "rate": rate,
        "features": settings["audio_features"],
        "mel_bins": settings["mel_bins"],
    }
    item = ModelInput(AUDIO_INPUT, "audio", (ArraySpec("audio", (samples,), "float32"),), described)
    return item, lambda row: to_waveform(source.read(row), rate, samples)


def audio_form(source: Recordings, settings: Mapping[str, Any]) -> tuple[int, float]:
    """Return samples a second and seconds; ``"auto"`` values come from the recordings themselves.

    The automatic rate is the most common one, 16,000 at most; the automatic length is one that 19 of
    20 recordings do not exceed, 10 seconds at most.
    """
    rate, seconds = settings["audio_rate"], settings["audio_seconds"]
    looks = listen_to(source) if AUTO in (rate, seconds) else []
    if rate == AUTO:
        rates = Counter(recording.rate for recording in looks)
        rate = min(rates.most_common(1)[0][0], PROPOSED_RATE) if rates else PROPOSED_RATE
    if seconds == AUTO:
        lengths = [recording.seconds for recording in looks] or [1.0]
        seconds = float(np.ceil(np.percentile(lengths, 95) * 20) / 20)
        seconds = min(max(seconds, 0.1), PROPOSED_SECONDS)
    return int(rate), float(seconds)


def listen_to(source: Recordings, count: int = _LOOKED_AT) -> list[Recording]:
    """Return some recordings, evenly spread over the source; broken ones are left out."""
    found = []
    for row in spread(len(source.names), count):
        try:
            found.append(source.read(row))
        except BrokenRecording:
            continue
    return found
