"""The graph of blocks: the part of a project document that describes the model."""

from builder.graph.document import MAXIMUM_NODES, Definition, Graph
from builder.graph.parts import Edge, Exposed, Group, Node, Note

__all__ = ["MAXIMUM_NODES", "Definition", "Edge", "Exposed", "Graph", "Group", "Node", "Note"]
