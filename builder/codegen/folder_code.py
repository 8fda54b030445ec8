"""The code that reads files from a folder or a zip with a folder for each class."""

from __future__ import annotations

from dataclasses import dataclass

from builder.codegen.label_code import label_reading
from builder.codegen.layout import constant, literal
from builder.codegen.loading import Loaded, Reading, not_code
from builder.data.class_folders import NAME_PART
from builder.data.spec import DataSpec
from builder.data.zip_names import NAMES_ENCODING
from builder.project import DataRecipe

_READ_FILES = '''\
def is_{one}(name):
    """Tell whether a file of this name is a {one} that is not hidden."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
    return name.lower().endswith({constant}) and not hidden


def read_{many}(path):
    """Yield the name and the bytes of every {one} in a folder or a zip, in order."""
    if path.is_file():
        with opened_zip(path) as archive:
            names = [name for name in sorted(archive.namelist()) if is_{one}(name)]
            yield from ((name, archive.read(name)) for name in names)
        return
    for file in sorted(path.rglob("*"), key=lambda file: (file.parent.parts, file.name)):
        name = file.relative_to(path).as_posix()
        if is_{one}(name) and not file.is_symlink():
            yield name, file.read_bytes()'''

_OPENED_ZIP = '''\
def opened_zip(path):
    """Return a zip with its names as they were written."""
    return zipfile.ZipFile(path{encoding})'''

ALL_FILES = '''\
def is_shown(name):
    """Tell whether a path is one of a file that is not hidden."""
    return not name.endswith("/") and not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def read_files(path):
    """Return the bytes of every file in a folder or a zip by its path, in order."""
    if path.is_file():
        with opened_zip(path) as archive:
            return {name: archive.read(name) for name in sorted(archive.namelist()) if is_shown(name)}
    files = sorted(path.rglob("*"), key=lambda file: (file.parent.parts, file.name))
    plain = {file.relative_to(path).as_posix(): file for file in files if file.is_file()}
    return {name: file.read_bytes() for name, file in plain.items() if is_shown(name)}'''


def opened_zip_code(spec: DataSpec) -> str:
    """Return the code of ``opened_zip``, which reads the names of a zip in the encoding that was found."""
    encoding = spec.reading.get(NAMES_ENCODING)
    return _OPENED_ZIP.format(encoding=f", metadata_encoding={literal(encoding)}" if encoding else "")


_CLASS_OF = '''\
def class_of(name):
    """Return the class of a {one}: the longest end of its folder's path that names one."""
    folders = name.split("/")[:-1]
    ends = ["/".join(folders[start:]) for start in range(len(folders))]
    return next(end for end in ends if end in CLASS_NAMES)'''

_LABELS_OF_ALL = '''\
def all_labels(names):
    """Return the labels of every {one}, which its folder's name lists."""
    folders = [name.split("/")[-2] for name in names]
    separator = separator_of(folders)
    return multi_hot([labels_of(folder, separator) for folder in folders], CLASS_NAMES)'''

_NAME_PIECE = '''\
def name_piece(name):
    """Return the piece of a file's name that tells what it belongs to, such as a speaker."""
    pieces = [piece for piece in re.split(r"[_\\-. ]+", Path(name).stem) if piece]
    return pieces[NAME_PIECE] if len(pieces) > NAME_PIECE else ""'''

_IS_TEST = 'np.array([bool({"test", "testing"} & set(name.lower().split("/")[:{below}])) for name in names])'


@dataclass(frozen=True)
class FileKind:
    """Files that a script decodes by a function named ``{one}_of``: ``many`` become the array ``array``.

    ``failures`` are what it raises where a file is broken.
    """

    one: str
    many: str
    array: str
    extensions: tuple[str, ...]
    failures: str
    decoding: Reading


def read_files(spec: DataSpec, kind: FileKind) -> Reading:
    """Return the code that yields the files of a kind, and decodes one."""
    reading = _READ_FILES.format(one=kind.one, many=kind.many, constant=kind.many.upper())
    return Reading(
        ("import io", "import zipfile", *kind.decoding.imports),
        (*kind.decoding.definitions, opened_zip_code(spec), reading),
        (*kind.decoding.constants, *constant(kind.many.upper(), kind.extensions)),
    )


def read_folders(recipe: DataRecipe, spec: DataSpec, given: Loaded, kind: FileKind) -> Reading:
    """Return the code that reads files of which every class has a folder of its own."""
    files, labels = read_files(spec, kind), label_reading(spec)
    imports, definitions = [*files.imports, *labels.imports], [*files.definitions, *labels.definitions]
    constants = [*files.constants, *labels.constants]
    lines = [
        "def load_data(path):",
        f'    """Return the {kind.many} of a folder or a zip and what they are{given.words}."""',
        f"    {kind.many}, names = [], []",
        f"    for name, content in read_{kind.many}(path):",
        "        try:",
        f"            {kind.many}.append({kind.one}_of(content))",
        f"        except {kind.failures} as error:",
        '            print(f"{name} is left out: {error}")',
        "        else:",
        "            names.append(name)",
        f'    arrays = {{"{kind.array}": np.stack({kind.many})}}',
    ]
    if spec.predicts_labels:
        definitions.append(_LABELS_OF_ALL.format(one=kind.one))
        lines.append("    targets = all_labels(names)")
    elif spec.task == "reconstruction":
        constants += constant("NORMAL_CLASS", spec.anomaly["normal"])
        lines.append(f'    targets = arrays["{kind.array}"].astype("float32") / 255')
        folder = 'f"/{name}".rpartition("/")[0]'
        lines.append(f'    is_normal = np.array([{folder}.endswith(f"/{{NORMAL_CLASS}}") for name in names])')
    elif len(spec.class_names) == 1:
        lines.append('    targets = np.zeros(len(names), dtype="int32")')
    else:
        definitions.append(_CLASS_OF.format(one=kind.one))
        lines.append(
            '    targets = np.array([CLASS_NAMES.index(class_of(name)) for name in names], dtype="int32")'
        )
    if "is_test" in given.names:
        # Files that no class folders sort lie in the folders of the parts themselves.
        below = "-1" if len(spec.class_names) == 1 else "-2"
        lines.append(f"    is_test = {_IS_TEST.replace('{below}', below)}")
    if "groups" in given.names:
        imports += ["import re", "from pathlib import Path", "import pandas as pd"]
        constants.append(f"NAME_PIECE = {_name_piece(recipe)}")
        definitions.append(_NAME_PIECE)
        lines.append('    pieces = np.array([name_piece(name) for name in names], dtype="object")')
        lines.append("    groups = pd.util.hash_array(pieces)")
    lines.append(given.line("arrays"))
    return Reading(tuple(imports), (*definitions, "\n".join(lines)), tuple(constants))


def _name_piece(recipe: DataRecipe) -> int:
    word, _, number = str(recipe.split_settings()["group_column"]).rpartition(" ")
    if word != NAME_PART or not number.isdecimal():
        raise not_code("a split by a column that files do not have")
    return int(number) - 1
