"""The catalogue: the registry as JSON, for parts that must not import Keras.

``python -m builder.blocks.catalogue`` writes ``catalogue.json`` anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from builder.blocks import registry

CATALOGUE_FILE = Path(__file__).with_name("catalogue.json")


def catalogue_text() -> str:
    """Return the text that ``catalogue.json`` should have."""
    blocks = [block.to_json() for block in registry().values()]
    return json.dumps({"blocks": blocks}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    CATALOGUE_FILE.write_text(catalogue_text(), encoding="utf-8")
