"""The difference of two projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from builder.difference.changes import ORDER, Change, Difference
from builder.difference.kinds import Kind
from builder.difference.models import model_changes
from builder.difference.settings import settings_changes
from builder.graph import Graph
from builder.project import Project


def project_difference(
    before: Project, after: Project, kinds: Mapping[str, Kind] | None = None
) -> Difference:
    """Return what changed from one project to another: blocks, connections, data, training, name.

    Args:
        kinds: labels and defaults from the catalogue. A value equal to its default is no change then.
    """
    changes, blocks = model_changes(before.model, after.model, kinds or {})
    changes += _discriminator_changes(before, after, kinds or {})
    changes += settings_changes(before, after)
    ranks = {what: rank for rank, what in enumerate(ORDER)}
    return Difference(tuple(sorted(changes, key=lambda change: ranks[change.what])), blocks)


def _discriminator_changes(before: Project, after: Project, kinds: Mapping[str, Kind]) -> list[Change]:
    """Return the changes of the second graph; they name no block, since blocks of both may have one name."""
    found, _ = model_changes(before.discriminator or Graph(), after.discriminator or Graph(), kinds)
    return [replace(change, words=f"in the discriminator: {change.words}", block=None) for change in found]
