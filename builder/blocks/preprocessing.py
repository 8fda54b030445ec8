"""Preprocessing inside the model: fixed steps that bring raw values into a form that layers can use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks.arguments import SHARED
from builder.blocks.base import FLOAT_FLOWS, Block, Port, Setting
from builder.blocks.derive import primitive
from builder.params import Boolean, Choice, Either, Float, Integer, IntegerList, NumberList, Optional

_ANY_NUMBERS = Either((Float(), NumberList(1, 4096)))
_SIZES = Choice(("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"))
_ENCODINGS = SHARED["output_mode"]


def _preprocessing(
    layer: Any,
    flows: tuple[str, ...],
    picture: str,
    summary: str,
    formula: str,
    settings: dict[str, Setting],
    **facts: Any,
) -> Block:
    return primitive(
        layer,
        category="Preprocessing",
        summary=summary,
        formula=formula,
        inputs=(Port("input", flows),),
        picture=picture,
        settings=settings,
        **facts,
    )


BLOCKS = (
    _preprocessing(
        layers.Rescaling,
        (),
        "normalization",
        "Multiplies every value by a factor and adds an offset, such as 0..255 to 0..1.",
        "y = scale·x + offset",
        {
            "scale": Setting(
                _ANY_NUMBERS,
                "The factor, or one for each channel.",
                default=1.0,
                why="1 changes nothing; images are already scaled to 0..1 when they arrive.",
            ),
            "offset": Setting(_ANY_NUMBERS, "Added after the factor; one number or one for each channel."),
        },
    ),
    _preprocessing(
        layers.Normalization,
        FLOAT_FLOWS,
        "normalization",
        "Subtracts a given mean and divides by the root of a given variance, one for each feature.",
        "y = (x − mean) / √variance",
        {
            "mean": Setting(
                Optional(_ANY_NUMBERS),
                "The mean to subtract, or one for each feature.",
                default=0.0,
                why="0 changes nothing. The project's own tables are normalized when they arrive.",
            ),
            "variance": Setting(
                Optional(_ANY_NUMBERS),
                "The variance to divide by (its root), or one for each feature.",
                default=1.0,
                why="1 changes nothing.",
            ),
            "axis": replace(SHARED["axis"], type=Optional(SHARED["axis"].type)),  # type: ignore[arg-type]
            "invert": Setting(
                Boolean(), "Go the other way: multiply by the root and add the mean.", advanced=True
            ),
        },
    ),
    _preprocessing(
        layers.Resizing,
        ("image",),
        "resizing",
        "Brings every image to one size.",
        "(h, w, c) → (height, width, c)",
        {
            "interpolation": Setting(_SIZES, "How values between pixels are found.", advanced=True),
            "crop_to_aspect_ratio": Setting(
                Boolean(), "Cut the longer side off instead of distorting the image.", advanced=True
            ),
            "pad_to_aspect_ratio": Setting(
                Boolean(), "Fill the shorter side up instead of distorting the image.", advanced=True
            ),
            "fill_mode": Setting(
                Choice(("constant",)),
                "What fills the places that no pixel of the image reaches.",
                advanced=True,
            ),
            "antialias": Setting(
                Boolean(), "Smooth before making smaller, against jagged edges.", advanced=True
            ),
        },
    ),
    _preprocessing(
        layers.CenterCrop,
        ("image",),
        "cropping",
        "Cuts the middle out of every image; smaller ones are enlarged first.",
        "(h, w, c) → (height, width, c)",
        {
            "height": replace(SHARED["height"], default=8, why="8 fits into every usual image."),
            "width": replace(SHARED["width"], default=8, why="8 fits into every usual image."),
        },
    ),
    _preprocessing(
        layers.Discretization,
        FLOAT_FLOWS,
        "discretization",
        "Tells for each number in which of several ranges it lies.",
        "y = number of boundaries ≤ x",
        {
            "bin_boundaries": Setting(
                Optional(NumberList(1, 4096)),
                "The borders between the ranges, from small to large.",
                default=(-1.0, 0.0, 1.0),
                why="One spread around the mean of normalized numbers.",
            ),
            "num_bins": Setting(
                Optional(Integer(1, 4096)),
                "Number of ranges, where their borders are not given.",
                advanced=True,
            ),
            "output_mode": _ENCODINGS,
        },
    ),
    _preprocessing(
        layers.CategoryEncoding,
        ("tokens",),
        "one_hot",
        "Turns numbers of categories or words into a vector that says which of them occur.",
        "y[k] = 1 if k occurs in x, else 0",
        {
            "num_tokens": Setting(
                Integer(1, 1_000_000),
                "Number of categories. 'auto' takes the size of the data's vocabulary.",
                default="auto",
                why="The data know the size of their vocabulary.",
                auto=True,
            ),
            "output_mode": replace(
                _ENCODINGS,
                type=Choice(("multi_hot", "one_hot", "count")),
                help="Which occur ('multi_hot'), how often ('count'), or one vector each ('one_hot').",
            ),
        },
        automatic={"num_tokens": "vocabulary_size"},
    ),
    _preprocessing(
        layers.Hashing,
        ("tokens",),
        "one_hot",
        "Scatters many different numbers over a few bins, without a table of them.",
        "y = hash(x) mod num_bins",
        {
            "num_bins": Setting(
                Integer(2, 10_000_000),
                "Number of bins.",
                default=32,
                why="Few collisions for some dozen values.",
            ),
            "mask_value": Setting(Integer(), "The number that stands for padding: bin 0.", advanced=True),
            "salt": Setting(
                Either((Integer(0), IntegerList(2, 2, minimum=0))),
                "Changes how values are scattered.",
                advanced=True,
            ),
            "output_mode": _ENCODINGS,
        },
    ),
    _preprocessing(
        layers.MelSpectrogram,
        ("vector",),
        "spectrogram",
        "Turns a sound wave into an image: how strong each pitch is at each time, as the ear hears pitch.",
        "y[m, t] = dB(Σ_f M[m, f]·|STFT(x)[f, t]|^mag_exp)",
        {
            "fft_length": Setting(
                Integer(2, 65_536),
                "Length of the window in samples.",
                default=256,
                why="16 ms at 16,000 samples a second.",
            ),
            "sequence_stride": Setting(
                Integer(1, 65_536),
                "Samples from one window to the next.",
                default=128,
                why="Half the window.",
            ),
            "sequence_length": Setting(Integer(1, 65_536), "Samples that the window reads.", advanced=True),
            "window": Setting(Optional(Choice(("hann", "hamming"))), "Shape of the window.", advanced=True),
            "sampling_rate": Setting(Integer(1, 1_000_000), "Samples a second."),
            "num_mel_bins": Setting(
                Integer(1, 1024), "Number of pitches.", default=40, why="Usual for speech."
            ),
            "min_freq": Setting(Float(0), "Lowest pitch in hertz.", advanced=True),
            "max_freq": Setting(
                Float(0, minimum_open=True), "Highest pitch. Empty: half the rate.", advanced=True
            ),
            "power_to_db": Setting(Boolean(), "Give the strength in decibels.", advanced=True),
            "top_db": Setting(Float(), "The quietest strength, below the loudest one.", advanced=True),
            "mag_exp": Setting(Float(0, minimum_open=True), "1 for magnitude, 2 for power.", advanced=True),
            "min_power": Setting(
                Float(0, minimum_open=True), "The smallest power that counts.", advanced=True
            ),
            "ref_power": Setting(Float(0, minimum_open=True), "The power that is 0 decibels.", advanced=True),
        },
    ),
    _preprocessing(
        layers.STFTSpectrogram,
        ("sequence",),
        "spectrogram",
        "Turns a sound wave into an image: how strong each frequency is at each time.",
        "y[t, f] = Σᵢ x[t·frame_step + i]·window[i]·e^(−2πjfi/fft_length)",
        {
            "mode": Setting(
                Choice(("log", "magnitude", "psd", "real", "imag", "angle", "stft")),
                "What of the spectrum comes out; 'log' is nearest to hearing.",
            ),
            "frame_length": Setting(Integer(2, 65_536), "Length of the window in samples."),
            "frame_step": Setting(
                Integer(1, 65_536), "Samples from one window to the next. Empty: half of it."
            ),
            "fft_length": Setting(
                Integer(2, 65_536), "Length of the transform. Empty decides.", advanced=True
            ),
            "window": Setting(Optional(Choice(("hann", "hamming"))), "Shape of the window.", advanced=True),
            "periodic": Setting(Boolean(), "Take the window as periodic.", advanced=True),
            "scaling": Setting(
                Optional(Choice(("density", "spectrum"))), "How the window is scaled.", advanced=True
            ),
            "expand_dims": Setting(Boolean(), "Give an image with one channel, for convolutions."),
        },
    ),
)
