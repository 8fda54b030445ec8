"""Random changes of recordings, drawn from a seed alone.

They change the sound itself, since the spectrogram is computed inside the model: a stretch or a band of
pitches that falls silent is a masked stretch or band of the spectrogram.
"""

# mypy: allow-untyped-defs

from __future__ import annotations

import math

import tensorflow as tf

_LARGEST = 32767.0


def augmented_sound(sound, seed, settings, rate):
    """Return recordings that are changed each in its own way.

    Args:
        sound: float32 of shape (batch, samples), -32768 to 32767.
        seed: of shape (2,), int32.
        settings: the augmentation settings, defaults filled in.
        rate: samples a second.

    Reference: Park et al., SpecAugment (2019), for the masks.
    """
    seeds = [tf.random.fold_in(seed, number) for number in range(8)]
    if settings["speed"] or settings["time_shift"]:
        sound = _moved(sound, seeds[0], seeds[1], settings)
    if settings["noise"]:
        strength = tf.sqrt(tf.reduce_mean(tf.square(sound), axis=1, keepdims=True))
        share = tf.random.stateless_uniform((tf.shape(sound)[0], 1), seeds[2], 0.0, settings["noise"])
        sound = sound + share * strength * tf.random.stateless_normal(tf.shape(sound), seeds[3])
    if settings["gain"]:
        reach = settings["gain"] * math.log(10) / 20
        sound = sound * tf.exp(tf.random.stateless_uniform((tf.shape(sound)[0], 1), seeds[4], -reach, reach))
    if settings["frequency_mask"]:
        sound = _without_band(sound, seeds[5], settings["frequency_mask"], rate)
    if settings["time_mask"]:
        places = (tf.range(sound.shape[1], dtype=tf.float32) + 0.5) / sound.shape[1]
        sound = sound * _outside_stretch(places, tf.shape(sound)[0], settings["time_mask"], seeds[6])
    return tf.clip_by_value(sound, -_LARGEST - 1, _LARGEST)


def _moved(sound, speed_seed, shift_seed, settings):
    """Play faster or slower around the middle, and move; what is outside is silent."""
    count, length = tf.shape(sound)[0], sound.shape[1]
    reach = math.log1p(settings["speed"])
    factor = tf.exp(tf.random.stateless_uniform((count, 1), speed_seed, -reach, reach))
    shift = tf.random.stateless_uniform((count, 1), shift_seed, -1.0, 1.0) * settings["time_shift"] * length
    middle = (length - 1) / 2
    places = (tf.range(length, dtype=tf.float32) - middle - shift) * factor + middle
    before = tf.floor(places)
    share = places - before
    padded = tf.pad(sound, [[0, 0], [1, 1]])

    def at(index):
        return tf.gather(padded, tf.clip_by_value(tf.cast(index, tf.int32) + 1, 0, length + 1), batch_dims=1)

    return at(before) * (1 - share) + at(before + 1) * share


def _without_band(sound, seed, most, rate):
    """Silence a band of pitches, as wide for low as for high ones to the ear (mel scale)."""
    length = sound.shape[1]
    pitches = tf.range(length // 2 + 1, dtype=tf.float32) * (rate / length)
    places = tf.math.log(1 + pitches / 700) / math.log(1 + rate / 2 / 700)
    kept = _outside_stretch(places, tf.shape(sound)[0], most, seed)
    spectrum = tf.signal.rfft(sound) * tf.cast(kept, tf.complex64)
    return tf.signal.irfft(spectrum, [length])


def _outside_stretch(places, count, most, seed):
    """Return 0 for places (0 to 1) inside one stretch of up to ``most`` a sample, 1 for the others."""
    width = tf.random.stateless_uniform((count, 1), seed, 0.0, most)
    start = tf.random.stateless_uniform((count, 1), tf.random.fold_in(seed, 1)) * (1 - width)
    return 1 - tf.cast((places >= start) & (places < start + width), tf.float32)
