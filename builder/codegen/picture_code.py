"""The code that reads pictures."""

from __future__ import annotations

from builder.codegen.folder_code import FileKind
from builder.codegen.label_code import label_reading
from builder.codegen.layout import constant, literal, source
from builder.codegen.loading import LABEL_SETS_FILE, Beside, Loaded, Reading, sample_facts
from builder.data.images import EXTENSIONS
from builder.data.pixels import flattened, gray_range, is_deep, to_array
from builder.data.spec import DataSpec, ModelInput
from builder.project import DataRecipe

_PICTURE_OF = '''\
def picture_of(content):
    """Return the picture in a file's bytes, upright and of the model's size."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    return to_array(image, *IMAGE_SHAPE{grays})'''
# What turns a picture of any kind into an array.
TO_ARRAY = tuple(source(function) for function in (is_deep, gray_range, flattened, to_array))


def picture_files(item: ModelInput) -> FileKind:
    """Return how a script reads picture files for an input."""
    decoding = Reading(
        ("from PIL import Image, ImageOps",),
        (*TO_ARRAY, with_grays(_PICTURE_OF, item)),
        picture_constants(item),
    )
    failures = "(OSError, SyntaxError, ValueError)"
    return FileKind("picture", "pictures", item.arrays[0].name, EXTENSIONS, failures, decoding)


def with_grays(code: str, item: ModelInput) -> str:
    """Return code whose ``{grays}`` is the last argument of ``to_array``, where the data have one."""
    return code.replace("{grays}", ", GRAYS" if "gray_range" in item.settings else "")


def picture_constants(item: ModelInput) -> tuple[str, ...]:
    """Return the constants of the code that makes arrays of pictures."""
    grays = item.settings.get("gray_range")
    told = "# The numbers that are black and white in gray pictures of more than 8 bits."
    return (
        f"IMAGE_SHAPE = {literal(item.arrays[0].shape)}",
        *((told, f"GRAYS = {literal(tuple(grays))}") if grays else ()),
    )


def read_arrays(recipe: DataRecipe, spec: DataSpec, given: Loaded, beside: Beside) -> Reading:
    """Return the code that reads pictures from an archive of arrays."""
    labels = label_reading(spec)
    is_plain = spec.task in ("classification", "generation")
    numbers = 'np.concatenate([archive["y_train"], archive["y_test"]])'
    lines = [
        "def load_data(path):",
        f'    """Return the pictures of an .npz archive and what they are{given.words}."""',
        "    with np.load(path) as archive:",
        '        images = np.concatenate([archive["x_train"], archive["x_test"]])',
        f'        targets = {numbers}.astype("int32")' if is_plain else f"        classes = {numbers}",
        *(['        test_rows = len(archive["y_test"])'] if "is_test" in given.names else []),
        "    images = np.stack([to_array(Image.fromarray(image), *IMAGE_SHAPE) for image in images])",
    ]
    constants = [*constant("IMAGE_SHAPE", spec.inputs[0].arrays[0].shape), *labels.constants]
    if spec.predicts_labels:
        constants += [
            "# The labels behind each number of the archive, a line each.",
            f'LABEL_SETS = {beside(LABEL_SETS_FILE)}.read_text("utf-8").split("\\n")',
        ]
        lines.append("    separator = separator_of(LABEL_SETS)")
        lines.append("    lists = [labels_of(LABEL_SETS[number], separator) for number in classes]")
        lines.append("    targets = multi_hot(lists, CLASS_NAMES)")
    elif not is_plain:
        names = sample_facts(recipe)["class_names"]
        constants.append(f"NORMAL_CLASS = {names.index(spec.anomaly['normal'])}")
        lines.append('    targets = images.astype("float32") / 255')
    if "is_test" in given.names:
        lines.append("    is_test = np.arange(len(targets)) >= len(targets) - test_rows")
    if "is_normal" in given.names:
        lines.append("    is_normal = classes == NORMAL_CLASS")
    lines.append(given.line('{"image": images}'))
    paths = ["from pathlib import Path"] if spec.predicts_labels else []
    return Reading(
        ("from PIL import Image", *labels.imports, *paths),
        (*TO_ARRAY, *labels.definitions, "\n".join(lines)),
        tuple(constants),
    )
