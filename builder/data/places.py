"""Which folders of this machine a browser may name: only those that its administrator allows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from builder.errors import stop

VARIABLE = "KERABLOCKS_DATA_FOLDERS"


def allowed_folders(workspace: Path) -> list[Path]:
    """Return the workspace and the folders that the environment allows, links resolved.

    ``KERABLOCKS_DATA_FOLDERS`` holds folders parted by ``:`` (``;`` on Windows).
    """
    named = [item for item in os.environ.get(VARIABLE, "").split(os.pathsep) if item.strip()]
    return [workspace.resolve(), *(Path(item).expanduser().resolve() for item in named)]


def check_place(path: Path, folders: Sequence[Path]) -> Path:
    """Return a path, links resolved, that lies in one of some folders.

    Raises:
        BuilderError: where it lies elsewhere; whether anything is there is not told.
    """
    try:
        found = path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise stop(
            "place_not_allowed", "This is not a usable path. Check the spelling.", field="source"
        ) from error
    if any(found.is_relative_to(folder) for folder in folders):
        return found
    message = (
        f"Data on this machine can be used from {', '.join(map(str, folders))} only. Put the file there, "
        f"upload it, or let the machine's administrator add its folder to the setting {VARIABLE}."
    )
    raise stop("place_not_allowed", message, field="source")
