"""Recordings in class folders, in a folder or a zip of unknown origin, and as the samples' arrays."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, gcd
from pathlib import Path

import numpy as np
import soundfile

from builder.data.class_folders import FileKind, read_class_folders
from builder.data.files import BrokenFile
from builder.errors import Problem, stop

EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".au")
RECORDINGS = FileKind(EXTENSIONS, "recording", "recordings")
MAXIMUM_SECONDS = 600
# Of all channels together: a small compressed file may unfold to any number.
MAXIMUM_VALUES = 60_000_000
# From below the telephone's to the highest that devices record; a damaged header may tell any.
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
# The resampling filter is as long as the larger rate is after both are divided by what they share: 441 for
# 44,100 to 16,000 and 10,240 for the most distant of the usual rates, but 767,957 for 767,957 to 16,000.
_LONGEST_FILTER = 16_384
# 16-bit sound: the loudest sample.
FULL_SCALE = 32767


class BrokenRecording(BrokenFile):
    """A recording that cannot be decoded, with the reason in plain words."""


@dataclass(frozen=True)
class Recording:
    """A sound: ``samples`` float32, -1 to 1, shape (samples,), several channels mixed to one."""

    samples: np.ndarray
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class AudioSource:
    """The recordings of a source, not yet decoded.

    ``labels`` holds a class index a recording; ``read(row)`` decodes one and raises
    ``BrokenRecording``; ``is_test`` marks the source's own test recordings, if it has any.
    """

    title: str
    names: Sequence[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    read: Callable[[int], Recording]
    files: tuple[Path, ...]
    is_test: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()


def read_recordings(path: Path, title: str | None = None) -> AudioSource:
    """Return the recordings of a folder or zip in which every class has a folder of its own.

    Raises:
        BuilderError: where there are no recordings, no class folders, or the archive is not safe to read.
    """
    found = read_class_folders(path, RECORDINGS)
    return AudioSource(
        title=title or path.name,
        names=found.names,
        labels=found.labels,
        class_names=found.class_names,
        read=lambda row: decode_recording(found.read(row)),
        files=found.files,
        is_test=found.is_test,
        problems=found.problems,
    )


def decode_recording(data: bytes) -> Recording:
    """Return the sound in the bytes of a file, its channels mixed to one.

    Raises:
        BrokenRecording: where the bytes are no sound, or hold none.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate = int(file.samplerate)
            _check_rate(rate)
            most = min(MAXIMUM_SECONDS * rate, MAXIMUM_VALUES // file.channels)
            samples = file.read(most, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise BrokenRecording("it is damaged or no recording") from error
    if not len(samples):
        raise BrokenRecording("it holds no sound")
    return Recording(np.nan_to_num(samples.mean(axis=1), posinf=0.0, neginf=0.0), rate)


def _check_rate(rate: int) -> None:
    """Raise BrokenRecording where nobody records at a rate."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        message = (
            f"it says that it has {rate:,} samples a second, and recordings have {LOWEST_RATE:,} to "
            f"{HIGHEST_RATE:,}. Its header is damaged, or its rate has to be changed with a sound editor"
        )
        raise BrokenRecording(message)


def recorded(data: bytes, name: str = "the recording") -> Recording:
    """Return the sound in the bytes of a file, for a prediction.

    Raises:
        BuilderError: where the bytes are no usable recording; the message calls it ``name``.
    """
    try:
        return decode_recording(data)
    except BrokenRecording as error:
        message = f"{name} cannot be used: {error}. Choose another recording, such as a WAV file."
        raise stop("broken_recording", message) from error


def to_waveform(recording: Recording, rate: int, samples: int) -> np.ndarray:
    """Return a recording of any rate and length as int16, shape (samples,); see ``resampled``."""
    return resampled(*_eased(recording, rate, samples / rate), rate, samples)


def _eased(recording: Recording, rate: int, seconds: float) -> tuple[np.ndarray, int]:
    """Return the sound and its rate, which is a multiple of ``rate`` where the filter would be too long."""
    sound, sound_rate = recording.samples, recording.rate
    if max(sound_rate, rate) // gcd(sound_rate, rate) <= _LONGEST_FILTER:
        return sound, sound_rate
    # A line between two samples is close enough where none is left out: the filter comes behind.
    sound = sound[: ceil((seconds + 1) * sound_rate)]
    multiple = rate * ceil(sound_rate / rate)
    places = np.arange(len(sound) * multiple // sound_rate) * (sound_rate / multiple)
    return np.interp(places, np.arange(len(sound)), sound).astype(np.float32), multiple


def resampled(sound: np.ndarray, sound_rate: int, rate: int, samples: int) -> np.ndarray:
    """Return a sound of ``sound_rate``, -1 to 1, at ``rate`` as int16, shape (samples,).

    It is resampled (polyphase filter), cut at the end, or followed by silence.
    """
    # A model hears no more of it, so no more is resampled.
    sound = sound[: int(np.ceil((samples / rate + 0.1) * sound_rate))]
    if sound_rate != rate:
        # It takes a second and 60 MB to load; sound of the wanted rate does without.
        from scipy.signal import resample_poly

        common = gcd(sound_rate, rate)
        sound = resample_poly(sound, rate // common, sound_rate // common)
    waveform = np.zeros(samples, dtype=np.int16)
    kept = sound[:samples]
    waveform[: len(kept)] = np.round(np.clip(kept, -1, 1) * FULL_SCALE).astype(np.int16)
    return waveform
