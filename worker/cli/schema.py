"""`crm-sync schema`: the JSON Schemas that editors check the mappings by. Floor 5."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from worker.mapping import case_grammar, grammar
from worker.mapping.json_schema import json_schema


def schema(
    folder: Annotated[
        Path,
        typer.Argument(
            envvar="MAPPINGS_DIR",
            exists=True,
            file_okay=False,
            help="Where the mappings are.",
        ),
    ] = Path("mappings"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if one is not current.")
    ] = False,
) -> None:
    """Write the JSON Schemas that the first lines of mappings and tests name."""
    texts = {folder / name: text for name, text in schema_files().items()}
    stale = [path for path, text in texts.items() if not _holds(path, text)]
    for path in stale:
        if check:
            typer.echo(f"{path} is not current: run crm-sync schema", err=True)
        else:
            path.write_text(texts[path], encoding="utf-8", newline="\n")
            typer.echo(f"{path} is written")
    if not stale:
        typer.echo("the schemas are current")
    raise typer.Exit(1 if check and stale else 0)


def schema_files() -> dict[str, str]:
    """Return the text of each schema by its file's name."""
    schemas = {
        "mapping.schema.json": json_schema(
            grammar.MAPPING_FILE,
            title="crm-sync mapping",
            identifier="crm-sync:mapping",
            parts=grammar.PARTS,
        ),
        "mapping.test.schema.json": json_schema(
            case_grammar.TEST_FILE,
            title="crm-sync mapping test",
            identifier="crm-sync:mapping.test",
            parts={
                "path": grammar.PATH,
                "text": grammar.TEXT,
                "records": case_grammar.RECORDS,
            },
            # What a case does not expect is not looked at, whatever it is.
            with_defaults=False,
        ),
    }
    return {
        name: json.dumps(made, indent=2, ensure_ascii=False) + "\n"
        for name, made in schemas.items()
    }


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
