"""The recipes that make a trained model smaller, declared once: form, checks, command and training read them.

A project's ``compression`` is ``{"recipe": NAME, "run": ID, "settings": {…}}``: the run's weights are where
the recipe starts (its answers, for distillation), and its training fine-tunes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.errors import Problem, shown_value
from builder.params import (
    AUTO,
    Boolean,
    Choice,
    Float,
    Integer,
    Parameter,
    check_all,
    suggestion,
    with_defaults,
)

MAGNITUDE_PRUNING = "magnitude_pruning"
STRUCTURED_PRUNING = "structured_pruning"
WEIGHT_CLUSTERING = "weight_clustering"
QUANTIZATION_AWARE = "quantization_aware"
DISTILLATION = "distillation"

# An optimizer whose kept weights are averages of the trained ones.
AVERAGING = "schedule_free_adamw"

UNSTRUCTURED, TWO_OF_FOUR = "unstructured", "two_of_four"
EACH_LAYER, WHOLE_MODEL = "each_layer", "whole_model"
NO_FEATURES, LAST_FEATURES = "none", "last"
FITTING, NEW_WEIGHTS, TEACHER_UNITS = "fitting", "new_weights", "teacher_units"


@dataclass(frozen=True)
class Recipe:
    """One way to make a trained model smaller.

    ``does``, ``gains`` and ``gains_not`` are plain sentences for the person who chooses.
    """

    name: str
    title: str
    does: str
    gains: str
    gains_not: str
    parameters: tuple[Parameter, ...]

    def settings(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return every setting of the recipe, defaults filled in."""
        return with_defaults(self.parameters, values)


# What the new run's training is told; the rest of the training stays as the earlier run had it.
FINE_TUNING_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "epochs",
        Integer(1, 100_000),
        AUTO,
        "How long the smaller model is trained. 'auto' takes as many epochs as the run was set to.",
        label="Fine-tuning epochs",
        auto=True,
    ),
    Parameter(
        "learning_rate",
        Float(0, 10, minimum_open=True),
        AUTO,
        "'auto' takes half of the run's own rate, because the weights know something already; a new student "
        "and a model with fewer units take all of it.",
        label="Fine-tuning learning rate",
        auto=True,
    ),
)

_RECIPES = (
    Recipe(
        MAGNITUDE_PRUNING,
        "Prune single weights",
        "Sets the smallest weights of every kernel to zero, more and more of them along a polynomial "
        "schedule, and trains the others on. Zeros stay zero to the end.",
        "A much smaller file once it is compressed (zip, gzip, an app's package), often without loss of "
        "accuracy.",
        "No speed: the zeros are still multiplied by common runtimes. The file as such stays as large, too, "
        "until something compresses it.",
        (
            Parameter(
                "sparsity",
                Float(0.05, 0.99),
                0.8,
                "The share of each kernel's weights that is zero in the end.",
            ),
            Parameter(
                "start_sparsity",
                Float(0, 0.98),
                0.0,
                "The share with which the schedule begins.",
                label="Sparsity at the start",
                advanced=True,
            ),
            Parameter(
                "ramp",
                Float(0.05, 0.9),
                0.6,
                "The share of the training during which the sparsity grows; the rest trains what is left.",
                label="Growing during",
                advanced=True,
            ),
            Parameter(
                "power",
                Float(0.5, 10),
                3.0,
                "The power of the polynomial: 3 prunes fast at first and slowly at the end; 1 evenly.",
                advanced=True,
            ),
            Parameter(
                "scope",
                Choice((EACH_LAYER, WHOLE_MODEL)),
                EACH_LAYER,
                "Where the smallest weights are looked for: in each layer alone, or over the whole model, "
                "which "
                "takes more from large layers.",
                advanced=True,
            ),
            Parameter(
                "pattern",
                Choice((UNSTRUCTURED, TWO_OF_FOUR)),
                UNSTRUCTURED,
                "Two of four keeps the two largest of every four neighboring inputs, a pattern that some "
                "graphics "
                "cards calculate faster; its sparsity is 50 % always.",
                advanced=True,
            ),
            Parameter(
                "embeddings",
                Boolean(),
                False,
                "Prune embedding tables as well. They are most of a small text model.",
                label="Prune embeddings",
                advanced=True,
            ),
        ),
    ),
    Recipe(
        STRUCTURED_PRUNING,
        "Remove whole units",
        "Takes away the filters, units and attention heads with the smallest weights. The blocks get smaller "
        "numbers, the others keep their weights, and the smaller model is trained on.",
        "A model that is really smaller: fewer weights, fewer operations, less memory and less time, in "
        "every "
        "runtime and without any special support.",
        "Blocks whose outputs are added to others, or reshaped, are left as they are; accuracy falls sooner "
        "than with single weights.",
        (
            Parameter(
                "share",
                Float(0.05, 0.95),
                0.5,
                "The share of the filters or units that is taken from each block.",
                label="Take away",
            ),
            Parameter(
                "feed_forward_share",
                Float(0, 0.95),
                0.5,
                "The share that is taken from the units inside Transformer blocks.",
                label="Take from Transformers",
                advanced=True,
            ),
            Parameter(
                "heads_share",
                Float(0, 0.95),
                0.25,
                "The share of the attention heads that is taken from Transformer blocks.",
                label="Take heads",
                advanced=True,
            ),
        ),
    ),
    Recipe(
        QUANTIZATION_AWARE,
        "Train for 8 bits",
        "Trains on with weights and activations rounded as an int8 model rounds them, so that the weights "
        "settle where rounding hurts least. The int8 export then takes over the ranges that were trained.",
        "The accuracy that an int8 model loses otherwise. Worth it where the int8 export scores clearly "
        "below "
        "the Keras model.",
        "Nothing where int8 loses nothing, which is the usual case; and no size beyond what the int8 export "
        "has anyway.",
        (
            Parameter(
                "range_momentum",
                Float(0.5, 1, maximum_open=True),
                0.99,
                "How slowly the moving average of the smallest and largest activations forgets.",
                label="Momentum of the ranges",
                advanced=True,
            ),
        ),
    ),
    Recipe(
        WEIGHT_CLUSTERING,
        "Share weights",
        "Lets all weights of a kernel share a few values, found by k-means, and trains these values on.",
        "A smaller file once it is compressed; together with pruning, zeros stay zero and it gets smaller "
        "still.",
        "No speed, and no smaller file until something compresses it.",
        (
            Parameter(
                "clusters",
                Integer(2, 256),
                16,
                "How many different values a kernel may have. 16 can be told apart by four bits.",
            ),
            Parameter(
                "embeddings",
                Boolean(),
                False,
                "Share the weights of embedding tables as well.",
                label="Cluster embeddings",
                advanced=True,
            ),
        ),
    ),
    Recipe(
        DISTILLATION,
        "Teach a smaller model",
        "Trains a model of your own choice, the student, on the answers of the run, the teacher: not only "
        "which "
        "class is right, but how alike the others are.",
        "A small model that can come close to a large one, with all of its speed: student and teacher need "
        "not have a block in common.",
        "It does not always help: train the student alone, too, and compare.",
        (
            Parameter(
                "temperature",
                Float(1, 50),
                3.0,
                "How much the teacher's answers are softened: higher shows more of what it thinks of the "
                "wrong "
                "classes.",
            ),
            Parameter(
                "teacher_weight",
                Float(0, 1),
                0.5,
                "The share of the loss that follows the teacher; the rest follows the true answers.",
            ),
            Parameter(
                "start",
                Choice((FITTING, NEW_WEIGHTS, TEACHER_UNITS)),
                FITTING,
                "Where the student's weights start. A student that has the teacher's blocks, with fewer "
                "filters and units, learns much faster from the teacher's largest units. 'fitting' takes "
                "them where that is so, and new weights elsewhere.",
                label="Student starts from",
            ),
            Parameter(
                "features",
                Choice((NO_FEATURES, LAST_FEATURES)),
                NO_FEATURES,
                "Let the student also imitate what reaches the teacher's last layer.",
                advanced=True,
            ),
            Parameter(
                "feature_weight",
                Float(0, 100),
                0.5,
                "How much the imitated features count beside the answers.",
                advanced=True,
                when={"features": (LAST_FEATURES,)},
            ),
        ),
    ),
)
RECIPES: dict[str, Recipe] = {item.name: item for item in _RECIPES}
_KEYS = ("recipe", "run", "settings")


def check_compression(
    compression: Mapping[str, Any], training: Mapping[str, Any] | None = None
) -> list[Problem]:
    """Return what is wrong with a project's compression itself; whether the run fits is seen at its start.

    Args:
        compression: the declaration; an empty one is right.
        training: the project's training settings, defaults filled in, where they are known.
    """
    if not compression:
        return []
    unknown = sorted(str(key) for key in set(compression) - set(_KEYS))
    if unknown:
        message = f"A compression holds 'recipe', 'run' and 'settings'. It has no '{unknown[0]}'."
        return [Problem("bad_compression", message, field=unknown[0])]
    name, run, settings = (compression.get(key) for key in _KEYS)
    if not isinstance(name, str) or name not in RECIPES:
        hint = suggestion(str(name), list(RECIPES))
        message = f"There is no recipe '{name!s:.60}'.{hint} The recipes are: {', '.join(RECIPES)}."
        return [Problem("unknown_recipe", message, field="recipe")]
    if not isinstance(run, str) or not run:
        message = (
            f"The recipe '{name}' starts from a finished run. Give the run's id. Got {shown_value(run)} "
            "instead."
        )
        return [Problem("no_compression_run", message, field="run")]
    if not isinstance(settings, Mapping | None):
        message = (
            f"The settings of the recipe '{name}' must be an object. Got {shown_value(settings)} instead."
        )
        return [Problem("bad_compression", message, field="settings")]
    recipe = RECIPES[name]
    problems = check_all(recipe.parameters, settings or {}, f"Recipe '{name}'")
    return problems or _contradictions(recipe, recipe.settings(settings or {}), training or {})


def _contradictions(
    recipe: Recipe, settings: Mapping[str, Any], training: Mapping[str, Any]
) -> list[Problem]:
    if training.get("use_ema") or training.get("optimizer") == AVERAGING:
        message = (
            f"The recipe '{recipe.name}' gives the weights a shape that their average would not have. Switch "
            "'Average (EMA)' off, and choose an optimizer that keeps no average, such as AdamW."
        )
        return [Problem("averages_undo_recipe", message, field="use_ema")]
    if recipe.name == MAGNITUDE_PRUNING and settings["start_sparsity"] > settings["sparsity"]:
        message = (
            f"The pruning would begin with a sparsity of {settings['start_sparsity']:g} and end with "
            f"{settings['sparsity']:g}, but it can only grow. Lower 'start_sparsity'."
        )
        return [Problem("sparsity_falls", message, field="start_sparsity")]
    return []
