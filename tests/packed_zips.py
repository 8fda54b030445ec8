"""Zips with names in encodings that they do not mark."""

import zipfile
from pathlib import Path


def zip_with_names(path: Path, members: dict[str, bytes], encoding: str) -> Path:
    """Write a zip whose names are in an encoding that is not marked, as the packers of systems write them."""
    stands = {}
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, content) in enumerate(members.items()):
            raw = name.encode(encoding)
            stand = f"{number:03}".ljust(len(raw), "~")
            stands[stand.encode()] = raw
            archive.writestr(stand, content)
    whole = path.read_bytes()
    for stand, raw in stands.items():
        whole = whole.replace(stand, raw)
    path.write_bytes(whole)
    return path
