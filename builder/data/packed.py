"""Tables that are packed: in a gzip file, or as the only table of a zip, which may be a gzip file itself."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from builder.data.archives import MAXIMUM_UNPACKED_BYTES, TABLE_SUFFIXES, list_zip
from builder.errors import BuilderError, stop
from builder.sizes import size_words

_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_SHOWN = 10


def tables_among(names: Sequence[str]) -> list[str]:
    """Return the names that are tables'."""
    return [name for name in names if name.lower().endswith(TABLE_SUFFIXES)]


def is_gzip(path: Path) -> bool:
    """Tell whether a file is packed by gzip, whatever its name."""
    return _start(path) == _GZIP


def table_in_zip(path: Path) -> str | None:
    """Return the name of the one table in a zip; None for another file and for a zip without a table.

    Raises:
        BuilderError: where there are several tables, or the zip is not safe to read.
    """
    if _start(path) != _ZIP or not zipfile.is_zipfile(path):
        return None
    listed = list_zip(path)
    listed.archive.close()
    tables = tables_among(listed.names)
    if len(tables) > 1:
        raise several_tables(path, tables)
    return tables[0] if tables else None


def table_suffix(name: str) -> str:
    """Return the ending of a table's name, such as ``.csv`` or ``.csv.gz``."""
    return max((suffix for suffix in TABLE_SUFFIXES if name.lower().endswith(suffix)), key=len)


def is_packed(path: Path) -> bool:
    """Tell whether a table is packed, so that it can only be read from its beginning."""
    return is_gzip(path) or table_in_zip(path) is not None


def open_unpacked(path: Path) -> gzip.GzipFile | zipfile.ZipExtFile | io.BufferedReader:
    """Return the bytes of a table's file, unpacked where it is a gzip file or a zip with one table."""
    if is_gzip(path):
        return gzip.GzipFile(path, "rb")
    name = table_in_zip(path)
    if name is None:
        return path.open("rb")
    listed = list_zip(path)
    # The stream keeps the file open as long as it needs it.
    with listed.archive as archive:
        stream = cast(zipfile.ZipExtFile, archive.open(listed.members[name]))
    return _GzipInZip(stream) if name.lower().endswith(".gz") else stream


class _GzipInZip(gzip.GzipFile):
    """A gzip file that lies in a zip, which is closed with it."""

    def __init__(self, packed: zipfile.ZipExtFile) -> None:
        self._packed = packed
        super().__init__(fileobj=packed)

    def close(self) -> None:
        """Close the file and the zip."""
        super().close()
        self._packed.close()


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Tell in words where a packed file turns out to be damaged."""
    try:
        yield
    except (gzip.BadGzipFile, zipfile.BadZipFile, EOFError, zlib.error) as error:
        kind = "zip" if _start(path) == _ZIP else "gzip file"
        message = f"{path.name} is a damaged {kind} ({error}). Download or compress it again."
        raise stop("damaged_file", message, field="source") from error


def too_large(path: Path) -> BuilderError:
    """Return the error for a packed table that does not fit into memory."""
    message = (
        f"{path.name} is packed and unfolds to more than {size_words(MAXIMUM_UNPACKED_BYTES)}. Unpack it "
        "first: a plain CSV or Parquet file may be of any size."
    )
    return stop("file_too_large", message, field="source")


def several_tables(path: Path, tables: Sequence[str]) -> BuilderError:
    """Return the error for a zip or a folder with more than one table and nothing else to learn from."""
    shown = ", ".join(tables[:_SHOWN])
    how = "Choose" if path.is_dir() else "Unpack it and choose"
    message = (
        f"{path.name} holds {len(tables):,} tables: {shown}{' …' if len(tables) > _SHOWN else ''}. {how} the "
        "one that the model is to learn from."
    )
    return stop("several_tables", message, field="source")


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(2)
