"""What a model is for: the tasks, what each predicts and how it is scored. Declared once, read everywhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """One kind of prediction.

    ``predicts`` is ``"classes"`` (an index for every place of the target), ``"labels"`` (0 or 1 for each of
    them), ``"numbers"`` or ``"boxes"``. ``noun`` names the task within a sentence. ``metric`` is the score
    that stands for the task; ``head`` the kind of block that its models should end in, "" where that depends
    on the data. The samples of a task ``in_order`` are pieces of one long row, whose parts follow each other,
    so that nothing of a later part is known in an earlier one. A task that is ``of_pictures`` answers with
    pictures or boxes, and suits no table. Where ``free_steps``, the model may answer in any number of steps,
    which need not be those of the target. The classes of a task that ``predicts_tokens`` are those of the
    data's vocabulary; where it is ``padded``, places whose target is 0 count nothing. A task that
    ``looks_back`` lets no step know what comes after it.
    """

    name: str
    label: str
    noun: str
    predicts: str
    metric: str
    larger_is_better: bool
    head: str
    in_order: bool = False
    free_steps: bool = False
    of_pictures: bool = False
    predicts_tokens: bool = False
    padded: bool = False
    looks_back: bool = False


_ALL = (
    Task(
        "classification",
        "One of several kinds",
        "classification",
        "classes",
        "accuracy",
        True,
        "classification_head.v1",
    ),
    Task(
        "regression", "A number", "regression", "numbers", "mean_absolute_error", False, "regression_head.v1"
    ),
    Task(
        "multi_label",
        "Several of many kinds",
        "multi-label classification",
        "labels",
        "micro_f1",
        True,
        "multi_label_head.v1",
    ),
    Task(
        "ordinal",
        "A rank",
        "ordinal regression",
        "classes",
        "mean_absolute_error",
        False,
        "ordinal_head.v1",
    ),
    Task("count", "A count", "count regression", "numbers", "poisson_deviance", False, "count_head.v1"),
    Task(
        "reconstruction",
        "What is unusual",
        "anomaly detection",
        "numbers",
        "roc_auc",
        True,
        "reconstruction_head.v1",
    ),
    Task(
        "forecasting",
        "The next values of a series",
        "forecast",
        "numbers",
        "mean_absolute_error",
        False,
        "regression_head.v1",
        in_order=True,
    ),
    Task(
        "language_model",
        "The next piece of a text",
        "language model",
        "classes",
        "perplexity",
        False,
        "language_model_head.v1",
        in_order=True,
        predicts_tokens=True,
        looks_back=True,
    ),
    Task(
        "text_to_text",
        "A text made from a text",
        "text-to-text model",
        "classes",
        "bleu",
        True,
        "language_model_head.v1",
        predicts_tokens=True,
        padded=True,
        looks_back=True,
    ),
    Task(
        "masked_language_model",
        "The hidden words of a text",
        "masked language model",
        "classes",
        "perplexity",
        False,
        "masked_language_model_head.v1",
        in_order=True,
        predicts_tokens=True,
        padded=True,
    ),
    Task(
        "transcription",
        "The text that is spoken or written",
        "transcription",
        "classes",
        "character_error_rate",
        False,
        "transcription_head.v1",
        free_steps=True,
    ),
    Task(
        "token_classification",
        "The names in a text",
        "token classification",
        "classes",
        "entity_f1",
        True,
        "token_classification_head.v1",
    ),
    Task(
        "segmentation",
        "The kind of every pixel",
        "segmentation",
        "classes",
        "mean_iou",
        True,
        "segmentation_head.v1",
        of_pictures=True,
    ),
    Task(
        "detection",
        "Where things are",
        "detection",
        "boxes",
        "mean_average_precision",
        True,
        "detection_head.v1",
        of_pictures=True,
    ),
    Task(
        "generation",
        "New samples like these",
        "generator",
        "numbers",
        "frechet_distance",
        False,
        "",
    ),
)
TASKS = {task.name: task for task in _ALL}
# Tasks whose target column only sorts the rows, and what it is read as.
READ_AS = {"reconstruction": "classification"}
# The role of a column that is predicted besides the target, and the task that it makes.
FURTHER_ROLES = {"class_target": "classification", "number_target": "regression"}
