"""What differs between two projects: blocks, connections and settings, as data and in words."""

from builder.difference.changes import Change, Difference
from builder.difference.kinds import Kind, catalogue_kinds, label_of
from builder.difference.projects import project_difference

__all__ = ["Change", "Difference", "Kind", "catalogue_kinds", "label_of", "project_difference"]
