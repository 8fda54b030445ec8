"""What a model receives of a row, in words."""

from __future__ import annotations

from builder.data.spec import TARGET_TEXT, ModelInput

_COLUMNS = {"numeric": ("number", "numbers"), "categorical": ("category", "categories")}
_TOKENS = {
    "word": "words",
    "character": "characters",
    "byte_pair": "pieces of words",
    "word_piece": "pieces of words",
}


def received_words(item: ModelInput) -> str:
    """Return what one input gives the model, such as "a gray picture of 28 × 28 pixels"."""
    sizes = {array.name: array.shape for array in item.arrays}
    if item.kind == "image":
        height, width, channels = sizes["image"]
        return f"a {'gray' if channels == 1 else 'color'} picture of {height} × {width} pixels"
    if item.kind == "audio":
        return f"{sizes['audio'][0] / item.settings['rate']:g} seconds of sound"
    if item.kind == "series":
        steps, channels = sizes["series"]
        return f"{steps:,} steps of {_counted(channels, 'channel', 'channels')}"
    if item.kind in ("text", TARGET_TEXT):
        unit = _TOKENS[item.settings.get("tokenizer", "word")]
        (length,) = item.arrays[0].shape
        # What is written is read again, one behind.
        return f"{length} {unit}{' of the answer so far' if item.kind == TARGET_TEXT else ''}"
    return " and ".join(_counted(shape[0], *_COLUMNS[name]) for name, shape in sizes.items())


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
