"""C code that computes a model's log-mel spectrogram, for microcontrollers."""

from __future__ import annotations

from pathlib import Path

import keras

_TEMPLATE = Path(__file__).resolve().parent / "client" / "log_mel.h"


def log_mel_header(front: keras.Model) -> str:
    """Return a C header that computes what a model's front does, with the sizes of its own layers.

    Args:
        front: from a sound of shape (samples,) to its spectrogram (frames, bands) or (frames, bands, 1); see
            ``builder.data.preprocessing.audio_input``.
    """
    layer = next(layer for layer in front.layers if isinstance(layer, keras.layers.MelSpectrogram))
    values = {
        "RATE": layer.sampling_rate,
        "SAMPLES": front.inputs[0].shape[1],
        "WINDOW": layer.sequence_length,
        "FFT": layer.fft_length,
        "STEP": layer.sequence_stride,
        "FRAMES": front.outputs[0].shape[1],
        "BANDS": layer.num_mel_bins,
        "LOWEST": float(layer.min_freq),
        "HIGHEST": float(layer.max_freq),
    }
    text = _TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text
