"""What tests of served models share: a case, and a model of tables that answers at once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI

from builder.data.prepare import prepare
from builder.project import DataRecipe
from builder.serving.application import application
from builder.serving.limits import Limits
from builder.serving.model import Arrays, Description, Model

ASKED = "/v1/models/it:predict"


@dataclass(frozen=True)
class Case:
    """A Keras model and its data's description, beside the folder from which it is served."""

    model: Any
    spec: Any
    folder: Path
    description: Description


class Certain:
    """Answers at once that every sample is of the first class."""

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        return [np.eye(1, self.classes).repeat(len(next(iter(arrays.values()))), axis=0)]


def served(sample: str, cache: Path, limits: Limits, model: type[Certain] = Certain) -> FastAPI:
    """Return an application for the data of a sample, at ``ASKED``."""
    recipe = DataRecipe({"kind": "sample", "name": sample}, task="classification")
    spec = prepare(recipe, cache).spec
    description = Description("it", sample, spec, ("softmax",), "model.tflite", True, "auto")
    answering: Model = model(spec.class_count)
    return application(description, answering, limits)
