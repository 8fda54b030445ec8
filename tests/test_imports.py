"""Imports run one way, and heavy libraries stay in the processes that need them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A module may import modules of a lower level, or of its own package.
LEVELS = (
    {
        "errors",
        "explanation_methods",
        "params",
        "adversarial_parameters",
        "augmentation_parameters",
        "compression_parameters",
        "generating_settings",
        "scores",
        "sizes",
        "speed_parameters",
        "tasks",
        "workers",
        "writing_settings",
    },
    {
        "difference",
        "fine_tuning",
        "graph",
        "library",
        "own_block_rules",
        "own_blocks",
        "project",
        "share",
        "training_parameters",
    },
    {"blocks", "data", "runs"},
    {
        "adversarial",
        "decoding",
        "detections",
        "outputs",
        "probabilities",
        "sample_files",
        "training_plan",
    },
    {"compiler", "codegen", "importer"},
    {"train", "explain", "compress", "export", "serving"},
    {"truth"},
    {
        "catalogue_pages",
        "commands",
        "jobs",
    },
    {"ui", "__main__"},
)
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}

# On one level, a module may import only those named here.
SAME_LEVEL = {
    ("params", "errors"),
    ("augmentation_parameters", "errors"),
    ("augmentation_parameters", "params"),
    ("compression_parameters", "errors"),
    ("compression_parameters", "params"),
    ("speed_parameters", "errors"),
    ("speed_parameters", "params"),
    ("writing_settings", "params"),
    ("adversarial_parameters", "params"),
    ("generating_settings", "params"),
    ("project", "graph"),
    ("library", "project"),
    ("library", "own_block_rules"),
    ("library", "own_blocks"),
    ("library", "graph"),
    ("share", "project"),
    ("fine_tuning", "graph"),
    ("fine_tuning", "project"),
    ("project", "training_parameters"),
    ("difference", "graph"),
    ("difference", "project"),
    ("own_block_rules", "graph"),
    ("own_block_rules", "own_blocks"),
    ("own_blocks", "graph"),
    # Shapes start from the data's description, and the Input block runs its preprocessing.
    ("blocks", "data"),
    # The words of an earlier run lie in its folder.
    ("data", "runs"),
    ("codegen", "compiler"),
    # What was opened is built again, to see that nothing was lost.
    ("importer", "compiler"),
    # An exported model writes step by step as the product does.
    ("export", "explain"),
    # Whether a loss expects logits follows from the model's last layer.
    ("training_plan", "outputs"),
    # A model that was trained for 8 bits is converted as it was trained.
    ("export", "compress"),
    # The server carries the words of answers; an export writes a server, and runs it for its verification.
    ("serving", "explain"),
    ("export", "serving"),
    ("commands", "jobs"),
}

# These run in worker processes, or behind the shell command, where the heavy libraries belong.
WITH_KERAS = {"adversarial", "blocks", "compiler", "codegen", "importer", "outputs", "training_plan"}
WITH_KERAS |= {"train", "explain", "compress", "export", "truth"}
WITH_KERAS_FILES = {
    "builder/data/augment_images.py",
    "builder/data/augment_sound.py",
    "builder/data/augment_tokens.py",
    "builder/data/augmentation.py",
    "builder/data/hiding.py",
    "builder/data/keras_datasets.py",
    "builder/data/mixing.py",
    "builder/data/moving_images.py",
    "builder/data/preprocessing.py",
    "builder/data/pipeline.py",
    "builder/jobs/compressing.py",
    "builder/jobs/fork_server.py",
    "builder/jobs/run_weights.py",
    "builder/jobs/starting_weights.py",
    "builder/jobs/tasks.py",
    "builder/jobs/worker.py",
    # TensorFlow runs a served model where no TFLite file fits.
    "builder/serving/model.py",
}
HEAVY = {"keras", "tensorflow"}
BROWSER = {"streamlit", "plotly"}


def sources() -> list[Path]:
    return [ROOT / "app.py", *sorted((ROOT / "builder").rglob("*.py"))]


def imports(path: Path) -> list[str]:
    """Return every import in a file, those inside functions too."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "builder":
                found += [f"builder.{alias.name}" for alias in node.names]
            else:
                found.append(node.module)
    return found


def part_of(path: Path) -> str:
    relative = path.relative_to(ROOT / "builder")
    return relative.parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downward(path: Path) -> None:
    if path.name == "app.py" or path == ROOT / "builder" / "__init__.py":
        return
    here = part_of(path)
    for module in imports(path):
        pieces = module.split(".")
        if pieces[0] != "builder" or len(pieces) == 1 or pieces[1] == here:
            continue
        there = pieces[1]
        allowed = LEVEL[there] < LEVEL[here] or (here, there) in SAME_LEVEL
        assert allowed, f"{path.relative_to(ROOT)} may not import {module}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_stay_in_workers(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    in_ui = name == "app.py" or name.startswith("builder/ui/")
    in_worker = name in WITH_KERAS_FILES or (not in_ui and part_of(path) in WITH_KERAS)
    for module in imports(path):
        package = module.split(".")[0]
        assert in_worker or package not in HEAVY, f"{name} may not import {module}"
        assert in_ui or package not in BROWSER, f"{name} may not import {module}"


def test_every_part_has_a_level() -> None:
    parts = {part_of(path) for path in sources() if path.name != "app.py"} - {"__init__"}
    assert parts <= set(LEVEL), f"no level is declared for {sorted(parts - set(LEVEL))}"
