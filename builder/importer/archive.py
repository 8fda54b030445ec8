"""What lies in a ``.keras`` file, read as data: nothing of it is run, and nothing is unpacked by name."""

from __future__ import annotations

import json
import lzma
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import BuilderError, stop
from builder.sizes import GB, MB, size_words

CONFIG_MEMBER = "config.json"
WEIGHTS_MEMBER = "model.weights.h5"
MOST_MEMBERS = 1000
LARGEST_CONFIG = 50 * MB
LARGEST_WEIGHTS = 4 * GB
# Keras stores without compression; a zip that was made anew still shrinks weights by little.
LARGEST_RATIO = 100
SMALL = 1_000_000
_CHUNK = 1 << 20
# What reading a zip raises where its bytes were changed, for each way of packing.
_DAMAGED = (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error, lzma.LZMAError)

_ONE_LINE = 'keras.models.load_model("the file").save("model.keras")'


@dataclass(frozen=True)
class Archive:
    """A checked file: the saved model's configuration, and whether weights lie beside it."""

    path: Path
    config: Mapping[str, Any]
    has_weights: bool


def read_archive(path: Path) -> Archive:
    """Return what a ``.keras`` file holds.

    Raises:
        BuilderError: in words, where the file is of another format, broken, or built to do harm.
    """
    if path.is_dir():
        raise stop("not_a_keras_file", _folder_words(path))
    try:
        with open(path, "rb") as stream:
            start = stream.read(8)
    except OSError as error:
        raise stop("unreadable_file", f"The file {path} cannot be read: {error.strerror}.") from error
    if start.startswith(b"\x89HDF"):
        message = (
            f"{path.name} is a model in the old HDF5 format, which may hold code, so it is not opened. "
            f"Convert it where you trust it, with one line of Keras: {_ONE_LINE}"
        )
        raise stop("legacy_format", message)
    try:
        with zipfile.ZipFile(path) as archive:
            members = _checked_members(archive, path.name)
            if CONFIG_MEMBER not in members:
                raise stop("not_a_keras_file", _no_config_words(path.name, members))
            config = _config(_read(archive, CONFIG_MEMBER, LARGEST_CONFIG, path.name), path.name)
            return Archive(path, config, WEIGHTS_MEMBER in members)
    except (*_DAMAGED, OSError, RuntimeError) as error:
        raise _not_whole(path, error) from error


def copy_weights(archive: Archive, target: Path) -> None:
    """Copy the weights of a checked file to ``target``, byte by byte.

    Raises:
        BuilderError: where the archive holds none, damaged ones, or far more than it says.
    """
    if not archive.has_weights:
        raise stop("no_weights", f"{archive.path.name} holds no weights ({WEIGHTS_MEMBER}).")
    try:
        _copy_weights(archive, target)
    except _DAMAGED as error:
        raise _not_whole(archive.path, error) from error


def _copy_weights(archive: Archive, target: Path) -> None:
    with zipfile.ZipFile(archive.path) as opened, opened.open(WEIGHTS_MEMBER) as source:
        with open(target, "wb") as sink:
            copied = 0
            while chunk := source.read(_CHUNK):
                copied += len(chunk)
                if copied > LARGEST_WEIGHTS:
                    raise _too_large(archive.path.name, WEIGHTS_MEMBER, LARGEST_WEIGHTS)
                sink.write(chunk)


def _checked_members(archive: zipfile.ZipFile, name: str) -> set[str]:
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        message = (
            f"{name} holds {len(infos):,} files inside, and a model at most {MOST_MEMBERS:,}. Not opened."
        )
        raise stop("hostile_file", message)
    seen: set[str] = set()
    for info in infos:
        if fault := _member_fault(info, seen):
            raise stop("hostile_file", f"{name} {fault}. No model needs that, so it is not opened.")
        seen.add(info.filename)
    for member, limit in ((CONFIG_MEMBER, LARGEST_CONFIG), (WEIGHTS_MEMBER, LARGEST_WEIGHTS)):
        if member in seen:
            _check_size(archive.getinfo(member), limit, name)
    return seen


def _member_fault(info: zipfile.ZipInfo, seen: set[str]) -> str | None:
    parts = info.filename.replace("\\", "/").split("/")
    if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        return f"holds a file that points outside of it ('{info.filename[:60]}')"
    if stat.S_ISLNK(info.external_attr >> 16):
        return f"holds a link instead of a file ('{info.filename[:60]}')"
    if info.flag_bits & 1:
        return f"holds an encrypted file ('{info.filename[:60]}')"
    return f"holds two files of one name ('{info.filename[:60]}')" if info.filename in seen else None


def _check_size(info: zipfile.ZipInfo, limit: int, name: str) -> None:
    if info.file_size > limit:
        raise _too_large(name, info.filename, limit)
    if info.file_size > SMALL and info.file_size > LARGEST_RATIO * max(1, info.compress_size):
        message = (
            f"In {name}, {info.filename} would grow from {info.compress_size:,} to {info.file_size:,} bytes "
            "when unpacked. Such a file is made to fill memory, so it is not opened."
        )
        raise stop("hostile_file", message)


def _read(archive: zipfile.ZipFile, member: str, limit: int, name: str) -> bytes:
    with archive.open(member) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise _too_large(name, member, limit)
    return data


def _config(data: bytes, name: str) -> Mapping[str, Any]:
    try:
        config = json.loads(data)
    except (ValueError, RecursionError) as error:
        message = f"The description of the model in {name} cannot be read ({error}). Save the model again."
        raise stop("broken_model", message) from error
    if not isinstance(config, Mapping):
        raise stop("broken_model", f"The description of the model in {name} is no object. Save it again.")
    return config


def _too_large(name: str, member: str, limit: int) -> BuilderError:
    message = f"In {name}, {member} is larger than {size_words(limit)}, so it is not opened."
    return stop("file_too_large", message)


def _not_whole(path: Path, error: Exception) -> BuilderError:
    message = (
        f"{path.name} is not a whole .keras file ({error}). Save the model again with "
        'model.save("model.keras"), and choose that file.'
    )
    return stop("not_a_keras_file", message)


def _no_config_words(name: str, members: set[str]) -> str:
    if any(member.endswith("saved_model.pb") for member in members):
        return (
            f"{name} is a SavedModel, which holds compiled operations and no layers. Save the Keras model "
            'itself, where it was made, with model.save("model.keras"), and choose that file.'
        )
    return (
        f"{name} is a zip file without a {CONFIG_MEMBER}, so it is no .keras file. Save the model with "
        'model.save("model.keras"), and choose that file.'
    )


def _folder_words(path: Path) -> str:
    return (
        f"{path} is a folder. A SavedModel holds compiled operations and no layers; save the Keras model "
        'itself, where it was made, with model.save("model.keras"), and choose that file.'
    )
