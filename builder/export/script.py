"""The project as a readable Keras script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builder.codegen import companion_files, notebook, script
from builder.data.spec import DataSpec
from builder.project import Project


def write_script(project: Project, spec: DataSpec, file: Path) -> None:
    """Write the project's script, and beside it the same as a notebook and the files that both read."""
    file.write_text(script(project, spec), encoding="utf-8")
    file.with_suffix(".ipynb").write_text(notebook(project, spec), encoding="utf-8")
    for name, text in companion_files(project, spec).items():
        file.with_name(name).write_text(text, encoding="utf-8", newline="\n")


def build_from_script(file: Path) -> Any:
    """Run a generated script as far as its ``build_model`` and return the untrained model.

    Of an adversarial pair it is the generator.
    """
    # Under another name than __main__, a script defines its functions and trains nothing.
    names: dict[str, Any] = {"__name__": "generated_script", "__file__": str(file)}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), names)
    model = names["build_model"]()
    if not hasattr(model, "generator"):
        return model
    return names["in_units"](model.generator) if "in_units" in names else model.generator
