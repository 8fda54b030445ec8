"""The shell's commands on the library of own blocks: list, add, remove, write to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.commands.output import console, output_table
from builder.errors import stop
from builder.runs.store import default_store

app = typer.Typer(no_args_is_help=True, help="Keep blocks of your own for every project.")

BlockKind = Annotated[str, typer.Argument(help="A block's kind, such as own.pair.")]


@app.command("list")
def list_library() -> None:
    """List the own blocks in the library."""
    table = output_table("kind", "label", "blocks inside")
    for block in default_store().blocks():
        table.add_row(block.kind, block.label, str(len(block.definition["graph"]["nodes"])))
    console.print(table)


@app.command("add")
def add_to_library(
    file: Annotated[Path, typer.Argument(help="A block file, or a project file that has own blocks.")],
) -> None:
    """Add the own blocks in a file to the library, in place of those of the same kind."""
    from builder.library import parse_block_file

    try:
        found = parse_block_file(file.read_bytes(), file.name)
    except OSError as error:
        raise stop("unreadable_file", f"The file {file} cannot be read: {error.strerror}.") from error
    for kind, definition in found.items():
        default_store().save_block(kind, definition["label"], definition)
    console.print(f"added {', '.join(found)}")


@app.command("remove")
def remove_from_library(kind: BlockKind) -> None:
    """Take an own block out of the library; projects that use it keep their copies."""
    default_store().remove_block(kind)
    console.print(f"removed {kind}")


@app.command("write")
def write_from_library(
    kind: BlockKind,
    output: Annotated[Path, typer.Option("--output", "-o", help="The block file to write.")],
) -> None:
    """Write an own block, with those that it uses, to a file."""
    from builder.library import block_file
    from builder.runs.files import write_json

    if output.exists():
        raise stop("file_exists", f"{output} exists already. Give another name with --output.")
    known = {block.kind: block.definition for block in default_store().blocks()}
    write_json(output, block_file(kind, known))
    console.print(f"wrote {output}", soft_wrap=True)
