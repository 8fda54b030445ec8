"""A project as one link, and a link as a project: nothing of it is trusted, and no local path leaves.

A link carries the document as compact JSON, deflated, in URL-safe base64: ``?shared=1.eNq…``.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import parse_qs, urlsplit

from builder.errors import stop
from builder.project import Project, parse_project
from builder.sizes import MB, size_words

QUERY = "shared"
MARK = "1."
# Servers, proxies and mail programs commonly take addresses of up to 8 KB.
LONGEST_LINK = 7500
LONGEST_READ = 200_000
LARGEST_DOCUMENT = 2 * MB
DEEPEST_VALUE = 40
LONGEST_NAME = 80
# How a source without its path tells which file it was made with.
FILE = "file"
INITIAL_WEIGHTS = "initial_weights"
WEIGHTS_FILE = "file:"
PAYLOAD = re.compile(r"[A-Za-z0-9_-]+=*\Z")


@dataclass(frozen=True)
class Shared:
    """A project fit for other eyes, and the names of the local files that it does not carry."""

    project: Project
    files: tuple[str, ...] = ()


def without_local_paths(project: Project) -> Shared:
    """Return the project without the paths of files on this machine; the files' names stay."""
    kept: dict[str, Any] = {}
    files: list[str] = []
    for key, value in project.data.source.items():
        if key == "path" or _is_path(value):
            files.append(_file_name(value))
        else:
            kept[key] = value
    weights = weights_path(project)
    if not files and weights is None:
        return Shared(project)
    data = replace(project.data, source={**kept, FILE: files[0]}) if files else project.data
    training = dict(project.training)
    if weights is not None:
        files.append(_file_name(weights))
        del training[INITIAL_WEIGHTS]
    return Shared(replace(project, data=data, training=training), tuple(files))


def weights_path(project: Project) -> str | None:
    """Return the path of the file that a training starts from, if it names one."""
    weights = project.training.get(INITIAL_WEIGHTS)
    named = isinstance(weights, str) and weights.startswith(WEIGHTS_FILE)
    return weights.removeprefix(WEIGHTS_FILE) if named and isinstance(weights, str) else None


def file_text(project: Project) -> str:
    """Return a project as the text of a file; local paths are left out."""
    return json.dumps(without_local_paths(project).project.to_json(), indent=2, ensure_ascii=False) + "\n"


def payload(project: Project) -> str:
    """Return what a link carries of a project; local paths are left out.

    Raises:
        BuilderError: ``too_large_to_share`` where the link would be too long for browsers and mail.
    """
    document = without_local_paths(project).project.to_json()
    text = json.dumps(_compact(document), ensure_ascii=False, separators=(",", ":"))
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    if len(packed) + len(MARK) > LONGEST_LINK:
        message = (
            f"The project '{project.name}' is too large for a link: it would take {len(packed):,} letters, "
            f"and more than {LONGEST_LINK:,} are often cut on the way. Download the project file and send it."
        )
        raise stop("too_large_to_share", message)
    return MARK + packed


def link(project: Project, address: str) -> str:
    """Return a link that opens the project in the studio at an address; raise as ``payload`` does."""
    return f"{address.rstrip('/')}/?{QUERY}={payload(project)}"


def open_link(text: str) -> Shared:
    """Return the project in a link, or in the payload of one.

    Raises:
        BuilderError: where the link is too long, cut off, changed, or carries no project.
    """
    if len(text) > LONGEST_READ:
        raise _bad_link("it is far too long")
    packed = _payload_of(text.strip())
    if not packed.startswith(MARK):
        raise _bad_link("it carries no project, or one of a newer Kerablocks")
    project = parse_project(_unpacked(packed.removeprefix(MARK)), "the link")
    _check_depth(project.to_json())
    return without_local_paths(replace(project, name=_plain_name(project.name)))


def _payload_of(text: str) -> str:
    if text.startswith(MARK):
        return text
    try:
        parts = urlsplit(text)
        found = parse_qs(parts.query) or parse_qs(parts.fragment)
    except ValueError as error:
        raise _bad_link("it is not an address") from error
    return found.get(QUERY, [""])[0]


def _unpacked(packed: str) -> bytes:
    if not PAYLOAD.match(packed):
        raise _bad_link("it has characters that no such link has")
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        reader = zlib.decompressobj()
        # One byte more than allowed tells a bomb without filling the memory.
        text = reader.decompress(raw, LARGEST_DOCUMENT + 1)
    except (ValueError, zlib.error) as error:
        raise _bad_link("a part of it is missing or was changed") from error
    if len(text) > LARGEST_DOCUMENT:
        raise _bad_link(f"what it carries is larger than {size_words(LARGEST_DOCUMENT)}")
    if not reader.eof or reader.unused_data:
        raise _bad_link("a part of it is missing or was changed")
    return text


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > DEEPEST_VALUE:
        raise _bad_link("its values lie too deep in each other")
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for item in inner:
        _check_depth(item, depth + 1)


def _plain_name(name: str) -> str:
    """Return a name without line breaks, direction marks and other characters that cannot be seen."""
    seen = "".join(" " if unicodedata.category(mark).startswith("C") else mark for mark in name)
    return " ".join(seen.split())[:LONGEST_NAME] or "Untitled"


def _compact(value: Any) -> Any:
    """Return a document without what reading fills in by itself, and with places in whole pixels."""
    if isinstance(value, list):
        return [_compact(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    made = {key: _compact(item) for key, item in value.items()}
    if "source" in made and "target" in made:
        ordinary = {"source_port": "output", "target_port": "input"}
        return {key: item for key, item in made.items() if ordinary.get(key) != item}
    if "kind" in made and isinstance(made.get("position"), list):
        made["position"] = [round(part) for part in made["position"]]
    return made


def _is_path(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    is_rooted = PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute()
    return is_rooted or value.startswith(("~", "./", "../", "file:"))


def _file_name(path: Any) -> str:
    return str(path).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1][:LONGEST_NAME] or "data"


def _bad_link(reason: str) -> Exception:
    message = f"This link cannot be opened: {reason}. Ask for the link again, or for the project file."
    return stop("bad_link", message)
