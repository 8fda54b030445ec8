"""The code that reads pictures and the boxes on them, which a table describes."""

from __future__ import annotations

from pathlib import Path

from builder.codegen.folder_code import ALL_FILES, opened_zip_code
from builder.codegen.layout import constant, literal, source
from builder.codegen.loading import Loaded, Reading, not_code, sample_facts
from builder.codegen.picture_code import TO_ARRAY, picture_constants, with_grays
from builder.data.box_targets import PictureFinder, box_target, folders_shared, stem_of
from builder.data.images import EXTENSIONS
from builder.data.picture_boxes import table_of_boxes
from builder.data.sources import sample
from builder.data.spec import IGNORED, DataSpec
from builder.project import DataRecipe

_BOX_OF = '''\
def box_of(label, sides):
    """Return class and sides of a box as a list of one, or an empty one where there is no box."""
    try:
        left, top, right, bottom = map(float, sides)
    except ValueError:
        return []
    is_box = np.isfinite([left, top, right, bottom]).all() and left < right and top < bottom and label
    return [[CLASS_NAMES.index(label), left, top, right, bottom]] if is_box else []'''

_READ_BOXES = '''\
def read_boxes(files):
    """Return the boxes of every picture that the table names: class, and sides as it holds them."""
    pictures = [name for name in files if name.lower().endswith(PICTURES)]
    find, boxes = PictureFinder(pictures), {}
    rows = csv.reader(io.StringIO(files[TABLE].decode(ENCODING, "replace"), newline=""))
    next(rows)
    for row in rows:
        if len(row) > max(COLUMNS):
            wanted, *sides, label = (row[place].strip() for place in COLUMNS)
            picture = find(wanted, TABLE)
            if picture is not None:
                boxes.setdefault(picture, []).extend(box_of(label, sides))
    return {name: boxes[name] for name in pictures if name in boxes}'''

_PICTURE_WITH_BOXES = '''\
def picture_with_boxes(content, boxes):
    """Return the picture in a file's bytes, of the model's size, and the target that its boxes make."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    target, _ = box_target(boxes, {size}, BOXES_A_PICTURE)
    return to_array(image, *IMAGE_SHAPE{grays}), target'''


def read_boxes(recipe: DataRecipe, spec: DataSpec, given: Loaded) -> Reading:
    """Return the code that reads pictures and a table of the boxes on them.

    Raises:
        BuilderError: ``not_code`` where something else than one table describes the boxes.
    """
    found = table_of_boxes(_path(recipe))
    if found is None:
        raise not_code("boxes that are described by something else than one table (CSV)")
    size = "(1, 1)" if found.are_shares else "image.size"
    (item,) = spec.inputs
    lines = [
        "def load_data(path):",
        f'    """Return the pictures of a folder or a zip and the boxes on them{given.words}."""',
        "    files = read_files(path)",
        "    pictures, boxes, names = [], [], []",
        "    for name, found in read_boxes(files).items():",
        "        try:",
        "            picture, target = picture_with_boxes(files[name], found)",
        "        except (OSError, SyntaxError, ValueError) as error:",
        '            print(f"{name} is left out: {error}")',
        "            continue",
        "        pictures.append(picture)",
        "        boxes.append(target)",
        "        names.append(name)",
        f'    arrays, targets = {{"{item.arrays[0].name}": np.stack(pictures)}}, np.stack(boxes)',
    ]
    if "is_test" in given.names:
        parts = '{"test", "testing"} & set(name.lower().split("/")[:-1])'
        lines.append(f"    is_test = np.array([bool({parts}) for name in names])")
    lines.append(given.line("arrays"))
    carried = (stem_of, folders_shared, PictureFinder, box_target)
    return Reading(
        ("import csv", "import io", "import zipfile", "from PIL import Image, ImageOps"),
        (
            *TO_ARRAY,
            *(source(part) for part in carried),
            with_grays(_PICTURE_WITH_BOXES, item).replace("{size}", size),
            *(opened_zip_code(spec), ALL_FILES, _BOX_OF, _READ_BOXES),
            "\n".join(lines),
        ),
        (
            *picture_constants(item),
            *constant("PICTURES", EXTENSIONS),
            "# The table of the boxes: image, left, top, right, bottom and class stand in these columns.",
            f"TABLE, COLUMNS = {literal(found.name)}, {literal(found.columns)}",
            f"ENCODING = {literal(found.encoding)}",
            f"BOXES_A_PICTURE = {spec.target_shape[0]}",
            f"# The class of a row without a box.\nIGNORED = {IGNORED}",
        ),
    )


def _path(recipe: DataRecipe) -> Path:
    facts = sample_facts(recipe)
    if facts:
        return sample(recipe.source.get("name")).folder / str(facts["file"])
    return Path(str(recipe.source.get("path")))
