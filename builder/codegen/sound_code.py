"""The code that reads recordings; the spectrogram is a part of the model."""

from __future__ import annotations

from builder.codegen.folder_code import FileKind
from builder.codegen.layout import source
from builder.codegen.loading import Reading
from builder.data.audio import EXTENSIONS, FULL_SCALE, resampled
from builder.data.spec import ModelInput

_RECORDING_OF = '''\
def recording_of(content):
    """Return the sound in a file's bytes, its channels mixed to one, at the model's rate and length."""
    with soundfile.SoundFile(io.BytesIO(content)) as file:
        sound = file.read(dtype="float32", always_2d=True).mean(axis=1)
        return resampled(sound, file.samplerate, RATE, SAMPLES)'''


def sound_files(item: ModelInput) -> FileKind:
    """Return how a script reads recordings for an input."""
    decoding = Reading(
        ("import soundfile", "from math import gcd"),
        (source(resampled), _RECORDING_OF),
        (
            "# Samples a second, and in all.",
            f"RATE, SAMPLES = {item.settings['rate']}, {item.arrays[0].shape[0]}",
            f"FULL_SCALE = {FULL_SCALE}",
        ),
    )
    failures = "(RuntimeError, ValueError)"
    return FileKind("recording", "recordings", item.arrays[0].name, EXTENSIONS, failures, decoding)
