"""The graph of blocks: the part of a project document that describes the model."""

from builder.graph.document import MAXIMUM_NODES, Definition, Graph
from builder.graph.parts import Edge, Exposed, Group, Node, Note
from builder.graph.reading import LONGEST_TEXT

__all__ = [
    "LONGEST_TEXT",
    "MAXIMUM_NODES",
    "Definition",
    "Edge",
    "Exposed",
    "Graph",
    "Group",
    "Node",
    "Note",
]
