"""The settings of a training, declared once: form, checks, training and script all read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.adversarial_parameters import ADVERSARIAL_NAMES, ADVERSARIAL_PARAMETERS
from builder.errors import Problem
from builder.params import Boolean, Choice, Choices, Float, Integer, Parameter, Text, is_finite
from builder.speed_parameters import SPEED_PARAMETERS

OPTIMIZERS = (
    "adam",
    "adamw",
    "nadam",
    "adamax",
    "rmsprop",
    "sgd",
    "lion",
    "lamb",
    "muon",
    "adafactor",
    "adagrad",
    "adadelta",
    "ftrl",
    "schedule_free_adamw",
)
SCHEDULES = (
    "constant",
    "cosine",
    "cosine_restarts",
    "exponential",
    "step",
    "polynomial",
    "inverse_square_root",
    "one_cycle",
    "plateau",
)
CROSS_ENTROPIES = (
    "sparse_categorical_crossentropy",
    "categorical_focal_crossentropy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
)
LOSSES = (
    "auto",
    *CROSS_ENTROPIES,
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "hinge",
    "squared_hinge",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "log_cosh",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "ctc",
)
CLASSIFICATION_METRICS = ("top_k_accuracy", "precision", "recall", "f1_score", "auc")
REGRESSION_METRICS = (
    "r2_score",
    "mean_squared_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
)
LABEL_METRICS = ("label_accuracy", "micro_f1", "macro_f1")
# What can be chosen beside the standard ones, by task. Those of a whole sample suit no target of many places.
OFFERED_METRICS: dict[str, tuple[str, ...]] = {
    "classification": CLASSIFICATION_METRICS,
    "regression": REGRESSION_METRICS,
    "multi_label": (),
    "ordinal": ("top_k_accuracy",),
    "count": REGRESSION_METRICS,
    "reconstruction": (),
    "forecasting": ("mean_squared_error", "mean_absolute_percentage_error"),
    "language_model": ("top_k_accuracy",),
    "transcription": (),
    "token_classification": (),
    "segmentation": (),
    "detection": (),
    "text_to_text": (),
    "masked_language_model": (),
}
# What every run reports without being asked.
STANDARD_METRICS = {
    "classification": ("accuracy",),
    "regression": ("mean_absolute_error", "root_mean_squared_error"),
}
HIGHER_IS_BETTER = frozenset(("accuracy", *LABEL_METRICS, *CLASSIFICATION_METRICS, "r2_score"))
MONITORED = (
    "loss",
    *LABEL_METRICS,
    *STANDARD_METRICS["classification"],
    *STANDARD_METRICS["regression"],
    *CLASSIFICATION_METRICS,
    *REGRESSION_METRICS,
)

_ADAMS = ("adam", "adamw", "nadam", "adamax", "lamb", "muon", "schedule_free_adamw")
_FALLING = ("cosine", "cosine_restarts", "polynomial", "plateau")
_WARMED = tuple(name for name in SCHEDULES if name not in ("one_cycle", "plateau"))

TRAINING_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "optimizer",
        Choice(OPTIMIZERS),
        "adam",
        "The rule that changes the weights after each batch. Adam suits most models.",
    ),
    Parameter(
        "learning_rate",
        Float(0, 10, minimum_open=True),
        0.001,
        "The size of each step. Too high diverges, too low crawls; 0.001 is a good start for Adam.",
    ),
    Parameter(
        "schedule",
        Choice(SCHEDULES),
        "constant",
        "How the learning rate changes during the run.",
        label="Learning-rate schedule",
    ),
    Parameter(
        "warmup_epochs",
        Float(0, 100),
        0,
        "Epochs over which the learning rate rises from zero. Helps Transformers and large batches.",
        advanced=True,
        when={"schedule": _WARMED},
    ),
    Parameter(
        "minimum_learning_rate",
        Float(0, 1),
        0,
        "The learning rate that the schedule falls to and no further.",
        advanced=True,
        when={"schedule": _FALLING},
    ),
    Parameter(
        "restart_epochs",
        Float(0, 10_000, minimum_open=True),
        5,
        "Epochs until the first restart; each cycle after it is twice as long as the one before.",
        advanced=True,
        when={"schedule": ("cosine_restarts",)},
    ),
    Parameter(
        "polynomial_power",
        Float(0, 10, minimum_open=True),
        1,
        "1 falls along a straight line; more falls faster at first.",
        advanced=True,
        when={"schedule": ("polynomial",)},
    ),
    Parameter(
        "plateau_patience",
        Integer(1, 1000),
        3,
        "Epochs without improvement before the learning rate is lowered.",
        advanced=True,
        when={"schedule": ("plateau",)},
    ),
    Parameter(
        "plateau_factor",
        Float(0, 1, minimum_open=True, maximum_open=True),
        0.5,
        "What the learning rate is multiplied by on a plateau.",
        advanced=True,
        when={"schedule": ("plateau",)},
    ),
    Parameter(
        "batch_size", Integer(1, 65536), 32, "Samples per step. Larger is faster but needs more memory."
    ),
    Parameter("epochs", Integer(1, 100_000), 10, "How often the model sees the whole training data."),
    Parameter(
        "early_stopping",
        Boolean(),
        True,
        "End the run when the watched value no longer improves, and keep the best weights.",
    ),
    Parameter(
        "patience",
        Integer(1, 1000),
        5,
        "Epochs without improvement before an early stop.",
        advanced=True,
        when={"early_stopping": (True,)},
    ),
    Parameter(
        "monitor",
        Choice(MONITORED),
        "loss",
        "The value over the validation data that decides which epoch is the best.",
        label="Watched value",
        advanced=True,
    ),
    Parameter(
        "resampling",
        Choice(("none", "oversample", "undersample")),
        "none",
        "Show every class equally often: 'oversample' repeats samples of rare classes, 'undersample' leaves "
        "out some of the frequent ones, others in every epoch. Validation and test stay as they are.",
        advanced=True,
    ),
    Parameter(
        "class_weights",
        Choice(("none", "balanced")),
        "none",
        "Give rare classes more weight, so that they are not ignored.",
        advanced=True,
        when={"resampling": ("none",)},
    ),
    Parameter(
        "missing_inputs",
        Float(0.0, 0.9),
        0.0,
        "Where a model has several inputs: the share of training samples from which one input is taken away, "
        "so that the model learns to do without it.",
        label="Take inputs away",
        advanced=True,
    ),
    Parameter(
        "loss",
        Choice(LOSSES),
        "auto",
        "What the training makes small. 'auto' follows the task and the model's last block.",
        advanced=True,
    ),
    Parameter(
        "label_smoothing",
        Float(0, 1, maximum_open=True),
        0,
        "The share of certainty that is taken from the true class and spread over all: 0.1 makes the model "
        "less sure of itself. For classification.",
        advanced=True,
        when={"loss": ("auto", *CROSS_ENTROPIES)},
    ),
    Parameter(
        "focal_gamma",
        Float(0, 10),
        2,
        "How strongly the focal loss turns to hard samples; 0 treats all alike.",
        advanced=True,
        when={"loss": ("categorical_focal_crossentropy", "binary_focal_crossentropy")},
    ),
    Parameter(
        "metrics",
        Choices((*CLASSIFICATION_METRICS, *REGRESSION_METRICS)),
        [],
        "What the curves show beside the loss and the usual scores. Those of the other task are left out.",
        label="More metrics",
        advanced=True,
    ),
    Parameter(
        "top_k",
        Integer(2, 100),
        5,
        "An answer counts where the true class is among so many likeliest.",
        label="k of the top-k accuracy",
        advanced=True,
    ),
    Parameter(
        "weight_decay",
        Float(0, 1),
        0,
        "Pulls weights towards zero, which counters overfitting.",
        advanced=True,
    ),
    Parameter(
        "momentum",
        Float(0, 1, maximum_open=True),
        "auto",
        "The share of the last step that goes on in the next one. Automatic: 0.9 for SGD.",
        auto=True,
        advanced=True,
        when={"optimizer": ("sgd", "rmsprop", "muon")},
    ),
    Parameter(
        "nesterov",
        Boolean(),
        True,
        "Look ahead along the momentum before the gradient is taken.",
        label="Nesterov momentum",
        advanced=True,
        when={"optimizer": ("sgd", "muon")},
    ),
    Parameter(
        "beta_1",
        Float(0, 1, maximum_open=True),
        "auto",
        "How slowly the mean of the gradients forgets.",
        auto=True,
        advanced=True,
        when={"optimizer": (*_ADAMS, "lion")},
    ),
    Parameter(
        "beta_2",
        Float(0, 1, maximum_open=True),
        "auto",
        "How slowly the mean of the squared gradients forgets.",
        auto=True,
        advanced=True,
        when={"optimizer": (*_ADAMS, "lion")},
    ),
    Parameter(
        "rho",
        Float(0, 1, maximum_open=True),
        "auto",
        "How slowly the mean of the squared gradients forgets.",
        auto=True,
        advanced=True,
        when={"optimizer": ("rmsprop", "adadelta")},
    ),
    Parameter(
        "epsilon",
        Float(0, 1, minimum_open=True),
        "auto",
        "Keeps the division by small squared gradients stable.",
        auto=True,
        advanced=True,
        when={"optimizer": (*_ADAMS, "rmsprop", "adagrad", "adadelta")},
    ),
    Parameter(
        "amsgrad",
        Boolean(),
        False,
        "Never let the mean of the squared gradients fall, which keeps steps small.",
        label="AMSGrad",
        advanced=True,
        when={"optimizer": ("adam", "adamw")},
    ),
    Parameter(
        "centered",
        Boolean(),
        False,
        "Subtract the mean gradient before it is squared.",
        advanced=True,
        when={"optimizer": ("rmsprop",)},
    ),
    Parameter(
        "l1_regularization_strength",
        Float(0, 10),
        0,
        "Sets unimportant weights to exactly zero.",
        label="L1 strength",
        advanced=True,
        when={"optimizer": ("ftrl",)},
    ),
    Parameter(
        "l2_regularization_strength",
        Float(0, 10),
        0,
        "Keeps weights small.",
        label="L2 strength",
        advanced=True,
        when={"optimizer": ("ftrl",)},
    ),
    Parameter("clip_norm", Float(0, 1000), 0, "Limit on the gradient's length; 0 means none.", advanced=True),
    Parameter(
        "clip_by",
        Choice(("global_norm", "norm", "value")),
        "global_norm",
        "What the limit holds: the length of all gradients together, of each weight's gradient, or each "
        "single value.",
        label="Clip by",
        advanced=True,
    ),
    Parameter(
        "accumulation_steps",
        Integer(1, 1024),
        1,
        "Batches whose gradients are added up before the weights change: a large batch in little memory.",
        label="Accumulation steps",
        advanced=True,
    ),
    Parameter(
        "use_ema",
        Boolean(),
        False,
        "Keep a moving average of the weights; it is what is measured, kept and exported.",
        label="Average (EMA)",
        advanced=True,
    ),
    Parameter(
        "ema_momentum",
        Float(0, 1, maximum_open=True),
        0.99,
        "How slowly the average forgets; 0.99 spans about 100 steps.",
        label="EMA momentum",
        advanced=True,
        when={"use_ema": (True,)},
    ),
    Parameter("seed", Integer(0, 2**31 - 1), 1, "The same seed gives the same run again.", advanced=True),
    Parameter(
        "deterministic",
        Boolean(),
        False,
        "Use only operations that give the same bits every time.",
        advanced=True,
    ),
    Parameter(
        "initial_weights",
        Text(1000),
        "none",
        "Where the weights start: 'none' for new ones, 'run:' and the id of an earlier run of yours, or "
        "'file:' and the path of a .keras file. Blocks of the same name and shape take their weights.",
        advanced=True,
    ),
    *ADVERSARIAL_PARAMETERS,
    *SPEED_PARAMETERS,
)
# What an adversarial training has no use for: its losses are its own, and its targets are none.
_SUPERVISED_NAMES = frozenset(
    ("class_weights", "loss", "label_smoothing", "focal_gamma", "metrics", "top_k", "monitor")
)


def counting(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that count beside each other, without those that do not apply."""
    return {
        item.name: settings[item.name]
        for item in TRAINING_PARAMETERS
        if item.name in settings and item.applies(settings)
    }


def check_rates(settings: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the learning rate of a project beside its schedule.

    Args:
        settings: the project's training settings, defaults filled in.
    """
    start, lowest = settings["learning_rate"], settings["minimum_learning_rate"]
    are_numbers = all(isinstance(value, (int, float)) and is_finite(value) for value in (start, lowest))
    if settings["schedule"] not in _FALLING or not are_numbers or lowest < start:
        return []
    message = (
        f"The learning rate starts at {start:g} and would have to fall to a minimum of {lowest:g}, which is "
        "not lower. Lower the minimum, or raise the learning rate."
    )
    return [Problem("minimum_not_lower", message, field="minimum_learning_rate")]


def parameters_of(task: str) -> tuple[Parameter, ...]:
    """Return the training parameters that a task has a use for."""
    others = _SUPERVISED_NAMES if task == "generation" else ADVERSARIAL_NAMES
    return tuple(item for item in TRAINING_PARAMETERS if item.name not in others)
