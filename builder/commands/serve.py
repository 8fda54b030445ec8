"""The shell's commands for prediction servers: start one, list those that are there, stop them."""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import Annotated, Any

import typer
from rich.table import Table

from builder.commands.output import console, passing_bar
from builder.commands.targets import Target, run_of
from builder.jobs import serving
from builder.runs.servers import find_server, list_servers
from builder.runs.store import default_store

FAILED = 1
_POLL_SECONDS = 0.3
ServerId = Annotated[str, typer.Argument(help="A server's id, as 'servers list' shows it.")]

app = typer.Typer(no_args_is_help=True, help="The prediction servers that were started and not yet stopped.")


def serve(
    target: Target,
    port: Annotated[int, typer.Option(help="Where it listens; 0 takes a free port.")] = 8000,
    kind: Annotated[
        str,
        typer.Option(
            "--format", "-f", help="What runs: auto, tflite_float32, tflite_int8, …, or saved_model."
        ),
    ] = "auto",
    host: Annotated[
        str, typer.Option(help="0.0.0.0 lets other machines in; it asks no password.")
    ] = "127.0.0.1",
    detach: Annotated[bool, typer.Option(help="Return at once; the server goes on by itself.")] = False,
) -> None:
    """Answer requests for predictions over HTTP, until Ctrl+C."""
    from builder.jobs import tasks

    run = run_of(target)
    with passing_bar() as progress:
        bar = progress.add_task("starting", total=1.0, detail="")
        found = tasks.serve(
            run.id,
            kind,
            host,
            port,
            lambda done, words: progress.update(bar, completed=done, detail=words),
        )
    console.print(
        f"server {found['id']}: {found['address']} (try it there; documents at /docs)", soft_wrap=True
    )
    if not detach:
        _stay(found)


def _stay(found: dict[str, Any]) -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    store = default_store()
    record = find_server(store, found["id"])
    try:
        while serving.is_serving(record):
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        serving.stop_server(record.id, store)
        console.print("stopped")
        return
    console.print(serving.last_words(serving.log_file(record.run_id, record.id)))
    console.print("The server has ended.")
    raise typer.Exit(FAILED)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@app.command("list")
def list_all() -> None:
    """List the servers, with their addresses."""
    table = Table("server", "state", "address", "run", "model")
    table.columns[0].no_wrap = True
    for record in list_servers(default_store()):
        state = "serving" if serving.is_serving(record) else "ended by itself"
        table.add_row(record.id, state, record.address, record.run_id, record.served)
    console.print(table)


@app.command()
def stop(server: ServerId) -> None:
    """Stop a server."""
    serving.stop_server(server)
    console.print(f"stopped {server}")


@app.command()
def log(server: ServerId) -> None:
    """Print the end of what a server wrote."""
    record = find_server(default_store(), server)
    typer.echo(serving.last_words(serving.log_file(record.run_id, record.id)))
