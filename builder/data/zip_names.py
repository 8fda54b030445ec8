"""The names in zip archives whose encoding is not marked: those of Macs, of Chinese Windows, and others."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path


def opened_zip(path: Path) -> zipfile.ZipFile:
    """Return a zip with its names as they were written."""
    archive = zipfile.ZipFile(path)
    encoding = names_encoding(archive.infolist())
    if encoding == "cp437":
        return archive
    archive.close()
    return zipfile.ZipFile(path, metadata_encoding=encoding)


def names_encoding(entries: Sequence[zipfile.ZipInfo]) -> str:
    """Return the encoding of a zip's names that are not marked as UTF-8: "utf-8", "gb18030" or "cp437"."""
    unmarked = [entry.orig_filename for entry in entries if not entry.flag_bits & 0x800]
    # Read as zip has it without a mark, which every byte fits.
    names = "\n".join(unmarked).encode("cp437")
    if names.isascii():
        return "cp437"
    try:
        names.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        letters = [letter for letter in names.decode("gb18030", "replace") if letter > "\x7f"]
    # What other encodings make of GB18030 are letters that GB2312, its everyday part, does not have.
    everyday = [letter for letter in letters if letter.encode("gb2312", "ignore")]
    is_chinese = "\ufffd" not in letters and len(everyday) > 0.8 * len(letters)
    return "gb18030" if is_chinese else "cp437"
