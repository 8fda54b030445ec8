"""How a model writes or answers, declared once: form, checks and command line read it."""

from __future__ import annotations

from builder.params import Choice, Float, Integer, Optional, Parameter, Text

WRITING_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "method",
        Choice(("sample", "greedy", "beam")),
        "sample",
        "'sample' draws each token by its probability; 'greedy' always takes the likeliest, which soon "
        "repeats itself; 'beam' keeps the likeliest texts and goes on with each.",
    ),
    Parameter(
        "temperature",
        Float(0.01, 5),
        0.8,
        "For sampling: below 1 the model keeps to what is likely, above 1 it dares more.",
    ),
    Parameter("top_k", Integer(0, 100_000), 0, "For sampling: only the so many likeliest. 0 means all."),
    Parameter(
        "top_p",
        Float(0, 1, minimum_open=True),
        1.0,
        "For sampling: only the likeliest that together have this probability.",
    ),
    Parameter("beams", Integer(2, 16), 4, "For beam: how many texts are kept.", advanced=True),
    Parameter("tokens", Integer(1, 5_000), 200, "How much is written at most.", label="Length"),
    Parameter(
        "stop", Optional(Text(100)), None, "The writing ends where this text appears. Empty means nowhere."
    ),
    Parameter("seed", Integer(0, 2**31 - 1), 1, "The same seed writes the same text again.", advanced=True),
)

ANSWER_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "method",
        Choice(("greedy", "beam")),
        "greedy",
        "'greedy' always takes the likeliest next piece; 'beam' keeps several beginnings and takes the best "
        "answer in the end.",
    ),
    Parameter("beams", Integer(2, 16), 4, "For beam: how many beginnings are kept."),
    Parameter(
        "length_penalty",
        Float(0, 2),
        0.6,
        "For beam: 0 prefers short answers; the higher, the longer they may be.",
        advanced=True,
    ),
)

# The settings of the tasks whose models write texts.
SETTINGS_OF_TASK = {"language_model": WRITING_PARAMETERS, "text_to_text": ANSWER_PARAMETERS}
