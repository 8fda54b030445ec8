"""Recordings of any rate, length and number of channels become one waveform; broken ones are told."""

import io
import struct
import tracemalloc

import keras
import numpy as np
import pytest
import soundfile

from builder.data.audio import BrokenRecording, Recording, decode_recording, to_waveform
from builder.data.encode import encode
from builder.data.prepare import prepare
from builder.data.preprocessing import audio_input
from builder.data.profile import profile, propose
from builder.errors import BuilderError


def tone(hertz: float, rate: int = 8000, seconds: float = 0.4, channels: int = 1, **saving: str) -> bytes:
    steps = np.arange(int(rate * seconds)) / rate
    sound = 0.5 * np.sin(2 * np.pi * hertz * steps)
    stream = io.BytesIO()
    soundfile.write(
        stream, np.repeat(sound[:, np.newaxis], channels, axis=1), rate, **{"format": "WAV", **saving}
    )
    return stream.getvalue()


def loudest(waveform: np.ndarray, rate: int) -> float:
    return float(np.abs(np.fft.rfft(waveform.astype(float))).argmax()) * rate / len(waveform)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_rates_and_channels_become_one(rate, channels):
    waveform = to_waveform(decode_recording(tone(440, rate, channels=channels)), 8000, 3200)
    assert waveform.dtype == np.int16 and waveform.shape == (3200,)
    assert abs(loudest(waveform, 8000) - 440) < 5
    assert 14_000 < np.abs(waveform).max() < 18_500


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_every_common_coding_of_wav_is_read(subtype):
    recording = decode_recording(tone(300, subtype=subtype))
    assert abs(loudest(recording.samples, 8000) - 300) < 5


def test_short_ones_are_followed_by_silence_and_long_ones_cut():
    recording = Recording(np.ones(100, dtype=np.float32), 100)
    assert to_waveform(recording, 100, 150).tolist() == [32767] * 100 + [0] * 50
    assert to_waveform(recording, 100, 20).tolist() == [32767] * 20


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"no sound at all", tone(440)[:30], tone(440, seconds=0), b"\x80\x04K."]
)
def test_broken_and_empty_recordings_are_told(data):
    with pytest.raises(BrokenRecording):
        decode_recording(data)


@pytest.mark.parametrize("rate", [999, 768_001, 1_000_003, 2_000_000_000])
def test_a_rate_at_which_nobody_records_is_told(rate):
    with pytest.raises(BrokenRecording, match=f"{rate:,} samples a second, .* 1,000 to 768,000"):
        decode_recording(with_rate(tone(440), rate))


def with_rate(wave: bytes, rate: int) -> bytes:
    """Return a WAV file whose header tells another rate."""
    return wave[:24] + struct.pack("<I", rate) + wave[28:]


@pytest.mark.parametrize(("rate", "wanted"), [(767_957, 8000), (44_101, 8000), (8000, 44_101)])
def test_rates_that_share_no_divisor_take_little_memory_and_sound_alike(rate, wanted):
    recording = decode_recording(tone(440, rate))
    tracemalloc.start()
    waveform = to_waveform(recording, wanted, wanted * 2 // 5)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 40_000_000
    assert abs(loudest(waveform, wanted) - 440) < 5
    assert 14_000 < np.abs(waveform).max() < 18_500


def test_numbers_that_are_none_become_silence():
    stream = io.BytesIO()
    sound = np.array([0.5, np.nan, np.inf, -np.inf] * 50, dtype=np.float32)
    soundfile.write(stream, sound, 8000, format="WAV", subtype="FLOAT")
    assert np.isfinite(decode_recording(stream.getvalue()).samples).all()


@pytest.fixture
def recordings(zip_file):
    members = {
        f"{name}/{speaker}_{number}.{form.lower()}": tone(hertz + number, rate, format=form)
        for name, hertz in (("low", 300), ("high", 1500))
        for speaker, rate, form in (
            ("ann", 8000, "WAV"),
            ("bo", 16000, "FLAC"),
            ("cy", 8000, "WAV"),
            ("di", 8000, "WAV"),
        )
        for number in range(4)
    }
    return zip_file(
        {**members, "low/cy_empty.wav": tone(300, seconds=0), "low/readme.txt": b"hello"}, "sounds.zip"
    )


def test_recordings_are_prepared_with_speakers_apart(recordings, tmp_path):
    recipe = propose({"kind": "audio", "path": str(recordings)})
    assert recipe.preprocessing == {"audio_rate": 8000, "audio_seconds": 0.4}
    seen = profile(recipe)
    assert seen["kind"] == "audio" and seen["split_columns"] == ["name part 1", "name part 2"]
    assert (
        seen["examples"][0]["sound"].startswith("data:audio/wav")
        and len(seen["examples"][0]["outline"]) == 120
    )
    grouped = recipe.__class__(
        recipe.source,
        preprocessing=recipe.preprocessing,
        split={"method": "group", "group_column": "name part 1"},
    )
    prepared = prepare(grouped, tmp_path)
    assert prepared.arrays["audio"].dtype == np.int16 and prepared.arrays["audio"].shape == (32, 3200)
    assert {problem.code for problem in prepared.problems} == {"files_skipped"}
    # Sixteen a class in the archive's order: the speakers come one after the other, four times each.
    parts = [set(((rows % 16) // 4).tolist()) for rows in prepared.indices.values()]
    assert sum(map(len, parts)) == 4 and not set.intersection(*parts)


def test_a_prediction_hears_what_training_heard(recordings, tmp_path):
    prepared = prepare(propose({"kind": "audio", "path": str(recordings)}), tmp_path)
    stored = prepared.arrays["audio"][:2]
    samples = [{"audio": sound, "rate": 8000} for sound in stored]
    assert np.abs(encode(prepared.spec, samples)["audio"] - stored).max() <= 1
    with pytest.raises(BuilderError, match="a sound"):
        encode(prepared.spec, [{"audio": "hello"}])


@pytest.mark.parametrize(
    ("features", "shape"),
    [("log_mel_image", (41, 20, 1)), ("log_mel_sequence", (41, 20)), ("waveform", (3200, 1))],
)
def test_the_features_are_made_inside_the_model(features, shape):
    inputs, output = audio_input("audio", 3200, 8000, features, 20)
    model = keras.Model(inputs, output)
    assert output.shape[1:] == shape
    low, high = (to_waveform(decode_recording(tone(hertz)), 8000, 3200) for hertz in (300, 3000))
    both = np.stack([low, high]).astype(np.float32)
    found = model.predict(both, verbose=0)
    if features != "waveform":
        bands = found.reshape(2, 41, 20)[:, 5:25].mean(axis=1).argmax(axis=1)
        assert bands[0] < 8 < 14 < bands[1]
    # What a sample gives does not depend on the others of its batch.
    assert np.allclose(found[1:], model.predict(both[1:], verbose=0), atol=1e-4)
