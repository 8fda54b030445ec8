"""XML of unknown origin: read without entities, so that no file can name others or grow while it is read."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat


class UnsafeXml(Exception):
    """XML that is broken or refused, with the reason in plain words."""


def read_xml(data: bytes) -> Element:
    """Return the root element of an XML document.

    Raises:
        UnsafeXml: where it is no XML, or declares a document type, which is where entities are made.
    """
    tree = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
        return tree.close()
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        raise UnsafeXml(f"it is no valid XML ({error})") from error


def _refuse(*declared: Any) -> None:
    raise UnsafeXml("it declares a document type (DOCTYPE), which could read other files; remove that line")
