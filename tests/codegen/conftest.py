"""Cut samples, prepared once for all tests of generated scripts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_samples import cut_samples

from builder.blocks.pretrained_backbone import KIND
from builder.data import sources
from builder.data.prepare import Prepared, prepare
from builder.project import Project, load_preset


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the bundled samples, cut to a few rows."""
    return cut_samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture
def preset(
    samples: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[Project, Prepared]]]:
    """Return a function that gives a preset on its cut sample, with other settings if wanted."""
    monkeypatch.setattr(sources, "SAMPLES_FOLDER", samples)

    def make(
        name: str, split: dict[str, Any] | None = None, source: str = "", **training: Any
    ) -> tuple[Project, Prepared]:
        project = load_preset(name)
        data = replace(project.data, split={**project.data.split, **(split or {})})
        data = replace(data, source={"kind": "sample", "name": source} if source else data.source)
        # Published weights come from the internet.
        nodes = tuple(
            replace(node, parameters={**node.parameters, "weights": "none"}) if node.kind == KIND else node
            for node in project.model.nodes
        )
        model = replace(project.model, nodes=nodes)
        project = replace(project, data=data, model=model, training={**project.training, **training})
        return project, prepare(data, cache)

    yield make
