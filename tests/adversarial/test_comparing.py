"""Real samples that made ones are compared with stand for all of them."""

from pathlib import Path

import numpy as np

from builder.adversarial.comparing import FEWEST_COMPARED, MOST_COMPARED, rows_to_compare
from builder.data.prepare import prepare
from builder.project import DataRecipe


def test_samples_of_every_class_are_compared_with(tmp_path: Path) -> None:
    # The bundled digits lie class by class.
    prepared = prepare(DataRecipe({"kind": "sample", "name": "digits"}), tmp_path)
    rows = {part: np.asarray(chosen) for part, chosen in prepared.indices.items()}
    for some in (rows["validation"], rows["validation"][: FEWEST_COMPARED - 1]):
        chosen = rows_to_compare(some, rows["train"])
        assert len(set(chosen.tolist())) == MOST_COMPARED
        assert np.bincount(prepared.targets[chosen], minlength=10).min() > 0.05 * MOST_COMPARED
    assert set(chosen.tolist()) <= set(rows["train"].tolist())
