"""The folder that holds everything a person makes: database, run folders, prepared data, uploads, logs."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from builder.errors import shown_value, stop
from builder.runs.files import disk_errors

HOME_VARIABLE = "KERABLOCKS_HOME"
DATABASE_VARIABLE = "KERABLOCKS_DATABASE_URL"
# What lies in the folder of a run.
MODEL_FILE, EXPORTS_FOLDER = "model.keras", "exports"
RECORD_ID = re.compile(r"[a-z0-9]{1,40}\Z")


@dataclass(frozen=True)
class Workspace:
    """A folder and the database that goes with it; folders are made when they are first asked for.

    ``database`` is a SQLAlchemy URL, or empty for a SQLite file in the folder.
    """

    root: Path
    database: str = ""

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the database."""
        return self.database or f"sqlite:///{self._folder() / 'kerablocks.sqlite'}"

    @property
    def prepared_folder(self) -> Path:
        """Where prepared data lie, one folder a recipe; safe to delete."""
        return self._folder("prepared")

    @property
    def preflight_folder(self) -> Path:
        """Where answers of preflights lie, one file a model; safe to delete."""
        return self._folder("preflight")

    @property
    def measuring_folder(self) -> Path:
        """Where the progress of measurements of runs lies; safe to delete."""
        return self._folder("measuring")

    @property
    def uploads_folder(self) -> Path:
        """Where uploaded files lie."""
        return self._folder("uploads")

    @property
    def logs_folder(self) -> Path:
        """Where the traces of unexpected errors lie."""
        return self._folder("logs")

    def run_folder(self, run_id: str) -> Path:
        """Return the folder of a run, made if need be.

        Raises:
            BuilderError: ``bad_run_id`` where the id could point outside the workspace.
        """
        return self._folder("runs", self._checked(run_id))

    def run_file(self, run_id: str, name: str) -> Path:
        """Return where a file of a run lies; for a run that is not here nothing is made.

        Raises:
            BuilderError: ``bad_run_id`` where the id could point outside the workspace.
        """
        return self.root.joinpath("runs", self._checked(run_id), name)

    def _checked(self, run_id: str) -> str:
        if not RECORD_ID.match(run_id):
            raise stop(
                "bad_run_id", f"{shown_value(run_id)} is not the id of a run. Choose a run from the list."
            )
        return run_id

    def remove_run_folder(self, run_id: str) -> None:
        """Delete a run's folder with everything in it: checkpoints, reports, exports."""
        folder = self.run_folder(run_id)
        with disk_errors("the deletion of a run", folder):
            shutil.rmtree(folder)

    def _folder(self, *parts: str) -> Path:
        folder = self.root.joinpath(*parts)
        with disk_errors("your work", folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder


def default_workspace() -> Workspace:
    """Return the workspace that the environment names.

    ``KERABLOCKS_HOME`` is its folder (``~/.kerablocks`` where unset) and ``KERABLOCKS_DATABASE_URL``
    its database (a SQLite file in that folder where unset).
    """
    root = os.environ.get(HOME_VARIABLE) or "~/.kerablocks"
    return Workspace(Path(root).expanduser().resolve(), os.environ.get(DATABASE_VARIABLE, ""))
