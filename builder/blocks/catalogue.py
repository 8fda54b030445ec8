"""The catalogue: the registry as JSON, for parts that must not import Keras.

``python -m builder.blocks.catalogue`` writes ``catalogue.json`` anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from builder.blocks import registry
from builder.blocks.expansion import expansion

CATALOGUE_FILE = Path(__file__).with_name("catalogue.json")


def catalogue_text() -> str:
    """Return the text that ``catalogue.json`` should have."""
    # A line for each block: small enough to send, and a change shows which block it touches.
    lines = [
        json.dumps({**block.to_json(), "expansion": expansion(block)}, ensure_ascii=False)
        for block in registry().values()
    ]
    return '{"blocks": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    CATALOGUE_FILE.write_text(catalogue_text(), encoding="utf-8")
