"""What a TFLite file tells mobile tools about itself: names, labels, vocabulary, how inputs are scaled.

The description is a FlatBuffer inside the model; labels and vocabulary are a zip archive behind it, stored
without compression, because the tools read them in place.

Reference: https://ai.google.dev/edge/litert/conversion/tensorflow/metadata
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from builder.data.packed_words import VOCABULARY_FILE, has_vocabulary, labels_file, one_line, packed_words
from builder.data.spec import ARRAY_KINDS, SPECTROGRAM_KIND, DataSpec, ModelInput
from builder.errors import stop
from builder.export.flat_tables import Fields, Number, Reading, root, written
from builder.export.flatbuffer_model import opened_model, written_model
from builder.export.formats import SPECTROGRAM
from builder.export.saved_model import output_names

BUFFER_NAME = "TFLITE_METADATA"
IDENTIFIER = "M001"
_PARSER = "1.0.1"
# In letters: the names of hundreds of columns would be a part of the file worth speaking of.
_LONGEST = 1000
_LABELS, _VOCABULARY = 2, 5
_FEATURES, _IMAGE = 1, 2
_NORMALIZATION = 1
_COLORS = {1: 2, 3: 1}
_RANGES = {"image": (0.0, 255.0), "audio": (-32768.0, 32767.0)}


def with_metadata(tflite: bytes, spec: DataSpec, name: str, description: str) -> bytes:
    """Return a TFLite file with its description inside and its labels and vocabulary behind it.

    It comes last: converters and quantizers drop both.

    Args:
        tflite: the model.
        spec: the data's description.
        name: what the model is called.
        description: what it does, in words; may be empty.
    """
    model = opened_model(tflite)
    files = packed_words(spec)
    tables = {
        0: name,
        1: description or f"Predicts {spec.target_name or spec.task.replace('_', ' ')}.",
        3: [
            {
                0: name,
                2: [_input(tensor, spec) for tensor in _ends(model, "inputs")],
                3: [_output(tensor, spec) for tensor in _ends(model, "outputs")],
            }
        ],
        7: _PARSER,
    }
    buffer = schema.BufferT(data=list(written(tables, IDENTIFIER)))
    model.buffers.append(buffer)
    entry = schema.MetadataT(name=BUFFER_NAME, buffer=len(model.buffers) - 1)
    model.metadata = [*(model.metadata or []), entry]
    return _with_files(written_model(model), files)


def read_metadata(tflite: bytes) -> dict[str, Any]:
    """Return what a TFLite file says of itself.

    Returns:
        ``name``, ``description``, ``inputs`` and ``outputs`` (each a list, in the file's order, of ``name``,
        ``description``, ``mean``, ``std``, ``files``) and ``files``, the lines of each packed file by name.

    Raises:
        ValueError: where the file holds no description.
    """
    model = schema.Model.GetRootAs(tflite)
    entries = [model.Metadata(number) for number in range(model.MetadataLength())]
    places = [entry.Buffer() for entry in entries if entry.Name().decode() == BUFFER_NAME]
    if not places:
        raise ValueError("The file holds no description.")
    table = root(bytes(model.Buffers(places[0]).DataAsNumpy()), IDENTIFIER)
    (graph,) = table.tables(3)
    return {
        "name": table.text(0),
        "description": table.text(1),
        "inputs": [_tensor_read(item) for item in graph.tables(2)],
        "outputs": [_tensor_read(item) for item in graph.tables(3)],
        "files": _packed_files(tflite),
    }


def check_metadata(tflite: bytes, spec: DataSpec, of_spectrogram: bool = False) -> None:
    """Read back what a TFLite file says of itself, as a mobile tool does.

    Args:
        tflite: the file.
        spec: the data's description.
        of_spectrogram: whether the file takes the spectrogram of sound in the sound's place.

    Raises:
        BuilderError: where labels or names are not those of the data.
    """
    found = read_metadata(tflite)
    names = {
        SPECTROGRAM if of_spectrogram and item.is_spectrogram else array.name
        for item in spec.inputs
        for array in item.arrays
    }
    told = {item["name"] for item in found["inputs"]}
    labels = found["files"].get("labels.txt", [])
    if not told <= names or labels != [one_line(name) for name in spec.class_names]:
        raise stop("wrong_metadata", "The file's own description does not fit the model. Do not use it.")


def _tensor_read(table: Reading) -> dict[str, Any]:
    units = [unit for unit in table.tables(4) if unit.number(0) == _NORMALIZATION]
    options = units[0].table(1) if units else None
    return {
        "name": table.text(0),
        "description": table.text(1),
        "mean": options.floats(0) if options else [],
        "std": options.floats(1) if options else [],
        "files": [item.text(0) for item in table.tables(6)],
    }


def _packed_files(tflite: bytes) -> dict[str, list[str]]:
    if not zipfile.is_zipfile(io.BytesIO(tflite)):
        return {}
    with zipfile.ZipFile(io.BytesIO(tflite)) as archive:
        return {name: archive.read(name).decode("utf-8").split("\n")[:-1] for name in archive.namelist()}


def _with_files(tflite: bytes, files: Mapping[str, Sequence[str]]) -> bytes:
    if not files:
        return tflite
    whole = io.BytesIO(tflite)
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_STORED) as archive:
        for name, lines in files.items():
            # A fixed date, so that the same model gives the same file.
            archive.writestr(zipfile.ZipInfo(name), "".join(f"{line}\n" for line in lines))
    return whole.getvalue()


def _ends(model: Any, which: str) -> list[str]:
    """Return the names of the inputs or outputs in the order of the file, which is not the signature's."""
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    names = {item.tensorIndex: item.name.decode() for item in getattr(signature, which)}
    return [names[index] for index in getattr(graph, which)]


def _input(name: str, spec: DataSpec) -> Fields:
    item = next(item for item in spec.inputs if name in [array.name for array in item.arrays])
    shape = next(array.shape for array in item.arrays if array.name == name)
    fields: dict[int, Any] = {0: name, 1: _told(item, name, shape), 3: _content(item, shape)}
    if item.kind in ("image", "audio"):
        # The model scales by itself: a client gives plain pixels or sound.
        fields[4] = [{0: Number(_NORMALIZATION), 1: {0: [0.0], 1: [1.0]}}]
        smallest, largest = _RANGES[item.kind]
        fields[5] = {0: [largest], 1: [smallest]}
    if has_vocabulary(item):
        fields[6] = [{0: VOCABULARY_FILE, 1: "Line n, from 0, is the word of id n.", 2: Number(_VOCABULARY)}]
    return fields


def _content(item: ModelInput, shape: Sequence[int]) -> Fields:
    if item.kind != "image":
        return {0: Number(_FEATURES), 1: {}}
    size = {0: Number(shape[1], 32), 1: Number(shape[0], 32)}
    return {0: Number(_IMAGE), 1: {0: Number(_COLORS.get(shape[2], 0)), 1: size}}


def _told(item: ModelInput, name: str, shape: Sequence[int]) -> str:
    settings = item.settings
    if item.kind == "image":
        return f"A picture, {shape[1]} wide and {shape[0]} high, pixels 0 to 255."
    if item.kind == "audio":
        return f"Sound, {shape[0]} samples of 16 bits, {settings['rate']} a second."
    if item.kind == SPECTROGRAM_KIND:
        return f"The log-mel spectrogram of sound, {shape[0]} frames of {shape[1]} bands; see log_mel.h."
    if item.kind in ARRAY_KINDS:
        return f"Numbers of the shape {tuple(shape)}, in their own units."
    if item.kind == "table":
        words = _columns_told(settings, name)
        few = f"{shape[0]} columns, named in preprocessing.json beside it."
        return words if len(words) <= _LONGEST else few
    return f"{shape[0]} token ids; 0 fills up the end."


def _columns_told(settings: Mapping[str, Any], name: str) -> str:
    if name == "numeric":
        return "Columns in order: " + ", ".join(settings["numeric_columns"])
    columns = settings["categorical_columns"]
    offsets = ", ".join(f"{column} from {settings['offsets'][column]}" for column in columns)
    return f"Index of the category of each column: {offsets}; the first of each is any other value."


def _output(name: str, spec: DataSpec) -> Fields:
    number = output_names(len(spec.each_target)).index(name)
    target = spec.each_target[number]
    what = target.target_name or target.task.replace("_", " ")
    fields: dict[int, Any] = {0: name, 1: what, 3: {0: Number(_FEATURES), 1: {}}}
    if target.class_names:
        fields[6] = [{0: labels_file(number), 1: "One class a line.", 2: Number(_LABELS)}]
    return fields
