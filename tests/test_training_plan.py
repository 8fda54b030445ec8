"""The generated script compiles a model as the training does."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from graph_cases import chain, example, image_spec, project, regression_spec, table_spec

from builder.codegen import companion_files, script
from builder.compiler import build
from builder.data.spec import DataSpec
from builder.graph import Graph
from builder.project import TRAINING_PARAMETERS
from builder.train.compiling import compile_model
from builder.training_plan.learning_rate import DECAYS
from builder.training_plan.optimizer import OPTIMIZERS

STEPS_PER_EPOCH = 7
EPOCHS = 6


def head(activation: str, units: int | str = "auto") -> Graph:
    return chain(
        ("table", "input.v1"), ("head", "classification_head.v1", {"activation": activation, "units": units})
    )


def softmax_before_flatten() -> Graph:
    convolution = {"filters": 3, "kernel_size": [1, 1], "activation": "softmax"}
    return chain(("picture", "input.v1"), ("conv", "conv2d.v1", convolution), ("flat", "flatten.v1"))


REGRESSION, SOFTMAX = example("regression_head.v1")[0], head("softmax")
ENDS: dict[str, tuple[Graph, DataSpec]] = {
    "softmax": (SOFTMAX, table_spec(3)),
    "logits": (head("linear"), table_spec(3)),
    "sigmoid": (head("sigmoid"), table_spec(2)),
    "binary logits": (head("linear", 1), table_spec(2)),
    "softmax before flatten": (softmax_before_flatten(), image_spec(1)),
    "regression": (REGRESSION, regression_spec()),
}
SETTINGS: list[dict[str, Any]] = [
    *({"optimizer": name} for name in OPTIMIZERS),
    *({"optimizer": name, "weight_decay": 0.02, "clip_norm": 0.5} for name in OPTIMIZERS),
    *({"schedule": name} for name in DECAYS),
    *({"schedule": name, "warmup_epochs": 1.5} for name in ("constant", *DECAYS)),
    {"schedule": "step", "warmup_epochs": 0.01, "learning_rate": 0.3},
    {"optimizer": "sgd", "momentum": 0.5, "accumulation_steps": 2, "use_ema": True, "clip_norm": 1.0},
    {"loss": "categorical_focal_crossentropy", "label_smoothing": 0.1, "metrics": ["auc", "f1_score"]},
    {"label_smoothing": 0.2, "metrics": ["precision", "top_k_accuracy"], "monitor": "recall"},
]


def compiled_by_training(graph: Graph, spec: DataSpec, settings: dict[str, Any]) -> keras.Model:
    case = project(graph, **settings)
    model = build(case, spec)
    targets = np.zeros(1, "float32" if spec.task == "regression" else "int32")
    data = SimpleNamespace(
        steps_per_epoch=STEPS_PER_EPOCH,
        is_mixed=False,
        prepared=SimpleNamespace(spec=spec, all_targets=(targets,)),
    )
    compile_model(model, data, case.training_settings())
    return model


def compiled_by_script(graph: Graph, spec: DataSpec, settings: dict[str, Any], folder: Path) -> keras.Model:
    case = project(graph, **settings)
    for name, text in companion_files(case, spec).items():
        (folder / name).write_text(text, encoding="utf-8")
    names: dict[str, Any] = {"__name__": "generated", "__file__": str(folder / "script.py")}
    text = script(case, spec)
    (folder / "script.py").write_text(text, encoding="utf-8")
    # Registered classes look for their source while they are made.
    exec(compile(text, names["__file__"], "exec"), names)
    model = names["build_model"]()
    names["compile_model"](model, steps_per_epoch=STEPS_PER_EPOCH)
    return model


def without_modules(config: Any) -> Any:
    """Return a configuration without the modules of classes: a script defines its own."""
    if isinstance(config, dict):
        return {key: without_modules(value) for key, value in config.items() if key != "module"}
    return [without_modules(item) for item in config] if isinstance(config, (list, tuple)) else config


def rates(model: keras.Model) -> list[float]:
    rate = model.optimizer._learning_rate
    return [float(rate(step) if callable(rate) else rate) for step in range(0, EPOCHS * STEPS_PER_EPOCH, 3)]


def assert_same(graph: Graph, spec: DataSpec, settings: dict[str, Any], folder: Path) -> None:
    settings = {"epochs": EPOCHS, **settings}
    trained = compiled_by_training(graph, spec, settings)
    scripted = compiled_by_script(graph, spec, settings, folder)
    # Keras counts optimizers through the whole process to name them.
    scripted.optimizer.name = trained.optimizer.name
    ours, theirs = trained.get_compile_config(), scripted.get_compile_config()
    for argument in ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"):
        assert without_modules(theirs[argument]) == without_modules(ours[argument])
    assert rates(scripted) == rates(trained)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: " ".join(map(str, settings.values())))
def test_optimizer_and_learning_rate_are_those_of_the_training(settings, tmp_path: Path) -> None:
    assert_same(SOFTMAX, table_spec(3), settings, tmp_path)


@pytest.mark.parametrize("end", ENDS)
def test_loss_and_metrics_are_those_of_the_training(end: str, tmp_path: Path) -> None:
    assert_same(*ENDS[end], {}, tmp_path)


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber", "log_cosh"])
def test_a_regression_has_the_same_loss_and_weight(loss: str, tmp_path: Path) -> None:
    assert_same(REGRESSION, regression_spec(), {"loss": loss}, tmp_path)


@pytest.mark.parametrize(("end", "logits"), [("softmax", False), ("logits", True), ("sigmoid", False)])
def test_a_script_says_whether_its_loss_takes_logits(end: str, logits: bool, tmp_path: Path) -> None:
    model = compiled_by_script(*ENDS[end], {}, tmp_path)
    assert model.loss.get_config()["from_logits"] is logits


def test_every_choice_of_the_form_is_decided() -> None:
    options = {parameter.name: parameter.type for parameter in TRAINING_PARAMETERS}
    assert set(options["optimizer"].options) == set(OPTIMIZERS)
    assert set(options["schedule"].options) == {"constant", "plateau", *DECAYS}
