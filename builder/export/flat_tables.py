"""FlatBuffers tables written from, and read as, plain values, for schemas without generated code.

Reference: https://flatbuffers.dev/internals/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
from flatbuffers import encode, number_types
from flatbuffers.table import Table

Fields = Mapping[int, Any]


@dataclass(frozen=True)
class Number:
    """A number in a table: its value, and how many bits it takes there, 8 or 32, without a sign."""

    value: int
    bits: int = 8


def written(fields: Fields, identifier: str) -> bytes:
    """Return a root table as the bytes of a file.

    Args:
        fields: values by their number in the schema. A value is a string, a ``Number``, a table (a mapping as
            this one), or a sequence of strings, of tables or of 32-bit floats.
        identifier: the four letters that mark files of the schema.
    """
    builder = flatbuffers.Builder(1024)
    builder.Finish(_table(builder, fields), identifier.encode())
    return bytes(builder.Output())


def root(data: bytes, identifier: str) -> Reading:
    """Return the root table of a file.

    Raises:
        ValueError: where the file is of another schema.
    """
    if data[4:8] != identifier.encode():
        raise ValueError(f"The file does not begin as {identifier} files do.")
    return Reading(Table(data, encode.Get(number_types.UOffsetTFlags.packer_type, data, 0)))


class Reading:
    """A table of a file, whose values are read by their numbers in the schema."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def text(self, number: int) -> str:
        """Return a string; an empty one where there is none."""
        place = self._place(number)
        return self._table.String(place).decode("utf-8") if place else ""

    def number(self, number: int) -> int:
        """Return a number of 8 bits; 0 where there is none."""
        place = self._place(number)
        return self._table.Get(number_types.Uint8Flags, place) if place else 0

    def table(self, number: int) -> Reading | None:
        """Return a table, if there is one."""
        place = self._place(number)
        return Reading(Table(self._table.Bytes, self._table.Indirect(place))) if place else None

    def tables(self, number: int) -> list[Reading]:
        """Return the tables of a sequence."""
        return [
            Reading(Table(self._table.Bytes, self._table.Indirect(place))) for place in self._places(number)
        ]

    def floats(self, number: int) -> list[float]:
        """Return the floats of a sequence."""
        return [self._table.Get(number_types.Float32Flags, place) for place in self._places(number)]

    def _places(self, number: int) -> list[int]:
        offset = self._table.Offset(4 + 2 * number)
        if not offset:
            return []
        begin = self._table.Vector(offset)
        return [begin + 4 * item for item in range(self._table.VectorLen(offset))]

    def _place(self, number: int) -> int:
        offset = self._table.Offset(4 + 2 * number)
        return self._table.Pos + offset if offset else 0


def _table(builder: Any, fields: Fields) -> int:
    # What a table points to has to be written before the table itself.
    ready = {
        number: value if isinstance(value, Number) else _written(builder, value)
        for number, value in fields.items()
        if isinstance(value, (Number, Mapping)) or value
    }
    builder.StartObject(max(ready, default=-1) + 1)
    for number, value in ready.items():
        if not isinstance(value, Number):
            builder.PrependUOffsetTRelativeSlot(number, value, 0)
        elif value.bits == 8:
            builder.PrependUint8Slot(number, value.value, 0)
        else:
            builder.PrependUint32Slot(number, value.value, 0)
    return builder.EndObject()


def _written(builder: Any, value: str | Fields | Sequence[Any]) -> int:
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, Mapping):
        return _table(builder, value)
    if isinstance(value[0], float):
        builder.StartVector(4, len(value), 4)
        for item in reversed(value):
            builder.PrependFloat32(item)
        return builder.EndVector()
    offsets = [_written(builder, item) for item in value]
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()
