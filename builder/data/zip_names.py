"""The names in zips whose encoding is not marked: those of Macs, of East Asian Windows, and others."""

from __future__ import annotations

import weakref
import zipfile
from collections.abc import Sequence
from pathlib import Path

from builder.data.encodings import WINDOWS, guessed_encoding

# What a zip's names are in where nothing marks them otherwise.
_UNMARKED = "cp437"
# Where a specification's ``reading`` keeps the encoding of the names, for scripts.
NAMES_ENCODING = "names_encoding"


def opened_zip(path: Path) -> zipfile.ZipFile:
    """Return a zip with its names as they were written, which is closed when nothing needs it any more."""
    archive = zipfile.ZipFile(path)
    encoding = names_encoding(archive.infolist())
    if encoding != _UNMARKED:
        archive.close()
        archive = zipfile.ZipFile(path, metadata_encoding=encoding)
    # The garbage collector may otherwise come to the open file first, and warn of it.
    assert archive.fp is not None
    weakref.finalize(archive, archive.fp.close)
    return archive


def names_reading(path: Path) -> dict[str, str]:
    """Return the encoding of a zip's names under ``NAMES_ENCODING``, where it is not the usual one."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        encoding = names_encoding(archive.infolist())
    return {} if encoding == _UNMARKED else {NAMES_ENCODING: encoding}


def names_encoding(entries: Sequence[zipfile.ZipInfo]) -> str:
    """Return the encoding of the names not marked as UTF-8: "utf-8", "cp437", or one of East Asia."""
    unmarked = [entry.orig_filename for entry in entries if not entry.flag_bits & 0x800]
    names = [name.encode(_UNMARKED) for name in unmarked if not name.isascii()]
    if not names:
        return _UNMARKED
    if _decodes(names, "utf-8"):
        return "utf-8"
    encoding = guessed_encoding(names)
    # A zip with a name that does not fit its encoding could not be opened.
    return encoding if encoding != WINDOWS and _decodes(names, encoding) else _UNMARKED


def _decodes(names: Sequence[bytes], encoding: str) -> bool:
    try:
        b"\n".join(names).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
