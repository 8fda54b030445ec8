"""The part of a script that reads the data, and the files that lie beside it."""

from __future__ import annotations

import json

from builder.codegen.layout import constant_list, literal
from builder.data.spec import DataSpec, ModelInput

VOCABULARY_FILE = "vocabulary.txt"
COLUMNS_FILE = "columns.json"

_IMAGES = '''\
def load_data(path):
    """Return the pictures and their class numbers, from a folder of class folders or an .npz file."""
    if path.suffix == ".npz":
        with np.load(path) as archive:
            images = np.concatenate([archive["x_train"], archive["x_test"]])
            targets = np.concatenate([archive["y_train"], archive["y_test"]])
        images = images.reshape(*images.shape[:3], -1).astype("float32")
        return {"image": np.asarray(keras.ops.image.resize(images, IMAGE_SHAPE[:2]))}, targets.astype("int32")
    dataset = keras.utils.image_dataset_from_directory(
        path,
        class_names=CLASS_NAMES,
        color_mode=COLOR_MODE,
        image_size=IMAGE_SHAPE[:2],
        batch_size=None,
        shuffle=False,
    )
    pairs = list(dataset.as_numpy_iterator())
    images = np.stack([image for image, _ in pairs])
    return {"image": images}, np.array([label for _, label in pairs], dtype="int32")'''

_CSV_START = '''\
def load_data(path):
    """Return the arrays of a CSV file's columns, by name, and its targets."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    table = table[table[TARGET] != ""]
    arrays = {}'''

_TEXT = """\
    vectorize = layers.TextVectorization(vocabulary=VOCABULARY[2:], output_sequence_length=SEQUENCE_LENGTH)
    arrays["tokens"] = np.asarray(vectorize(table[TEXT_COLUMN].tolist())).astype("int32")"""

_NUMERIC = """\
    names = COLUMNS["numeric_columns"]
    numeric = table[names].apply(pd.to_numeric, errors="coerce")
    arrays["numeric"] = numeric.fillna(dict(zip(names, COLUMNS["means"]))).to_numpy("float32")"""

_CATEGORICAL = """\
    indices = []
    for name in COLUMNS["categorical_columns"]:
        # The first index of a column stands for every value that is not listed.
        first = COLUMNS["offsets"][name]
        index = {value: first + 1 + place for place, value in enumerate(COLUMNS["categories"][name])}
        indices.append([index.get(value.strip(), first) for value in table[name]])
    arrays["categorical"] = np.array(indices, dtype="int32").T"""

_CLASSES = """\
    targets = [CLASS_NAMES.index(value.strip()) for value in table[TARGET]]
    return arrays, np.array(targets, dtype="int32")"""

_NUMBERS = """\
    return arrays, pd.to_numeric(table[TARGET]).to_numpy("float32")"""


def constants(spec: DataSpec) -> list[str]:
    """Return the lines of the constants that describe the data."""
    lines = []
    if spec.class_names:
        lines += constant_list("CLASS_NAMES", list(spec.class_names))
    if all(item.kind != "image" for item in spec.inputs):
        lines.append(f"TARGET = {literal(spec.target_name)}")
    for item in spec.inputs:
        lines += _input_constants(item)
    return lines


def _input_constants(item: ModelInput) -> list[str]:
    if item.kind == "image":
        shape = item.arrays[0].shape
        mode = "rgb" if shape[-1] == 3 else "grayscale"
        return [f"IMAGE_SHAPE = {literal(shape)}", f"COLOR_MODE = {literal(mode)}"]
    if item.kind == "text":
        return [
            f"TEXT_COLUMN = {literal(item.settings['column'])}",
            f"SEQUENCE_LENGTH = {item.settings['sequence_length']}",
            "# One word a line; the first is the padding, the second stands for unknown words.",
            f'VOCABULARY = Path(__file__).with_name("{VOCABULARY_FILE}").read_text("utf-8").split("\\n")',
        ]
    return [f'COLUMNS = json.loads(Path(__file__).with_name("{COLUMNS_FILE}").read_text("utf-8"))']


def load_data_source(spec: DataSpec) -> str:
    """Return the source of ``load_data``."""
    kinds = {item.kind: item for item in spec.inputs}
    if "image" in kinds:
        return _IMAGES
    parts = [_CSV_START]
    if "table" in kinds:
        names = [array.name for array in kinds["table"].arrays]
        parts += [_NUMERIC] if "numeric" in names else []
        parts += [_CATEGORICAL] if "categorical" in names else []
    if "text" in kinds:
        parts.append(_TEXT)
    parts.append(_CLASSES if spec.task == "classification" else _NUMBERS)
    return "\n".join(parts)


def companions(spec: DataSpec) -> dict[str, str]:
    """Return the files that a script reads from beside itself, as name and text."""
    files = {}
    for item in spec.inputs:
        if item.kind == "text":
            files[VOCABULARY_FILE] = "\n".join(item.settings["vocabulary"])
        elif item.kind == "table":
            files[COLUMNS_FILE] = json.dumps(dict(item.settings), indent=1, ensure_ascii=False) + "\n"
    return files
