"""One rule chooses among variants of a file: the most special one that fits the server wins."""

from __future__ import annotations

from pathlib import Path

from kinetune.model.server import Server


def variant(folder: Path, name: str, server: Server) -> str:
    """`name.sql` is the common text, `name.yugabytedb.sql` the special one; returns the name of the file to use."""
    special = f"{name}.{server.flavour}.sql"
    return special if (folder / special).is_file() else f"{name}.sql"
