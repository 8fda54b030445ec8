"""Library: the blocks that a person has made, ready for every project."""

from builder.ui.sections import library

library.heading()
library.offer_undo()
library.blocks()
library.add_from_file()
