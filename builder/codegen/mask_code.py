"""The code that reads pictures with a class for every pixel."""

from __future__ import annotations

from builder.codegen.folder_code import ALL_FILES, opened_zip_code
from builder.codegen.layout import constant
from builder.codegen.loading import Loaded, Reading
from builder.codegen.picture_code import picture_files
from builder.data.images import EXTENSIONS
from builder.data.picture_pairs import IGNORED_VALUE, MASK_FOLDERS, PICTURE_FOLDERS, MaskSource, class_values
from builder.data.prepare_pictures import values_in
from builder.data.sources import open_source
from builder.data.spec import DataSpec
from builder.project import DataRecipe

_PAIRS = '''\
def picture_pairs(names):
    """Return what pictures and their masks have in common, such as "x" of images/x.jpg and masks/x.png."""
    pictures, masks = {}, {}
    for name in names:
        if not name.lower().endswith(PICTURES):
            continue
        *folders, file = name.split("/")
        stem = file.rpartition(".")[0]
        if any(folder.lower() in MASK_FOLDERS for folder in folders):
            kept = [folder for folder in folders if folder.lower() not in MASK_FOLDERS]
            masks["/".join([*kept, MASK_ENDING.sub("", stem)])] = name
        else:
            kept = [folder for folder in folders if folder.lower() not in PICTURE_FOLDERS]
            pictures["/".join([*kept, stem])] = name
    return {key: (pictures[key], masks[key]) for key in sorted(pictures.keys() & masks.keys())}'''

_MASK_OF = '''\
def mask_of(content):
    """Return the class of every pixel in a mask's bytes, at the model's size; -1 stands for none."""
    mask = Image.open(io.BytesIO(content))
    mask = mask if mask.mode in ("L", "P") else mask.convert("L")
    height, width = IMAGE_SHAPE[:2]
    class_of = np.full(256, -1, dtype="int32")
    class_of[CLASS_VALUES] = np.arange(len(CLASS_VALUES))
    return class_of[np.asarray(mask.resize((width, height), Image.Resampling.NEAREST))]'''


def read_masks(recipe: DataRecipe, spec: DataSpec, given: Loaded) -> Reading:
    """Return the code that reads pictures and their masks from two folders beside each other."""
    kind = picture_files(spec.inputs[0])
    lines = [
        "def load_data(path):",
        f'    """Return the pictures of a folder or a zip and the classes of their pixels{given.words}."""',
        "    files = read_files(path)",
        "    pictures, masks, keys = [], [], []",
        "    for key, (picture, mask) in picture_pairs(files).items():",
        "        try:",
        "            pair = picture_of(files[picture]), mask_of(files[mask])",
        f"        except {kind.failures} as error:",
        '            print(f"{picture} is left out: {error}")',
        "            continue",
        "        pictures.append(pair[0])",
        "        masks.append(pair[1])",
        "        keys.append(key)",
        f'    arrays, targets = {{"{kind.array}": np.stack(pictures)}}, np.stack(masks)',
    ]
    if "is_test" in given.names:
        parts = '{"test", "testing"} & set(key.lower().split("/")[:-1])'
        lines.append(f"    is_test = np.array([bool({parts}) for key in keys])")
    lines.append(given.line("arrays"))
    ending = (
        r'MASK_ENDING = re.compile(r"[_\-. ](mask|masks|seg|segmentation|label|labels|gt|labelids)$", re.I)'
    )
    return Reading(
        ("import io", "import re", "import zipfile", *kind.decoding.imports),
        (*kind.decoding.definitions, _MASK_OF, opened_zip_code(spec), ALL_FILES, _PAIRS, "\n".join(lines)),
        (
            "# The value of each class in a mask.",
            *constant("CLASS_VALUES", _values(recipe, spec)),
            *kind.decoding.constants,
            *constant("PICTURES", EXTENSIONS),
            *constant("PICTURE_FOLDERS", sorted(PICTURE_FOLDERS)),
            *constant("MASK_FOLDERS", sorted(MASK_FOLDERS)),
            ending,
        ),
    )


def _values(recipe: DataRecipe, spec: DataSpec) -> list[int]:
    """Return the value that each class has in a mask, which is its number where a file names the classes."""
    source = open_source(recipe.source)
    assert isinstance(source, MaskSource), "a segmentation has masks"
    if len(source.named) == 2:
        return list(class_values(values_in(source, len(source.names)), source.named)[0])
    if source.named:
        return list(range(len(spec.class_names)))
    if spec.class_names == ("background", "object"):
        return [0, IGNORED_VALUE]
    return [int(name.removeprefix("class ")) for name in spec.class_names]
