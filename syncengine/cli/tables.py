"""`syncengine tables`: the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import ShortOutput, SpecsOption
from syncengine.cli.streams import print_document

TABLES = {"format": "syncengine.tables", "version": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesOptions:
    """The options of `syncengine tables`."""

    name: Annotated[
        str | None, typer.Argument(metavar="[TABLE]", help="A table to show in full.", show_default=False)
    ] = None
    sets: Annotated[bool, typer.Option("--sets", help="List the sets and the files beside the tables.")] = False
    specs: SpecsOption = ()
    output: ShortOutput


def tables(options: TablesOptions) -> int:
    """List the tables syncengine knows, or show one. It names the source of each value."""
    from syncengine import open_catalogue
    from syncengine.cli.terminal import out
    from syncengine.report.catalogue import print_sets, print_table, print_tables, sets_document, table_document

    catalogue = open_catalogue(specs=options.specs)
    if options.name is not None:
        spec = catalogue.table(options.name)
        if options.output.json:
            print_document({**TABLES, **table_document(spec)})
        else:
            print_table(out(), spec)
    elif options.sets:
        if options.output.json:
            print_document({**TABLES, **sets_document(catalogue.sets, catalogue.files)})
        else:
            print_sets(out(), catalogue.sets, catalogue.files)
    elif options.output.json:
        print_document({**TABLES, "tables": [table_document(spec) for spec in catalogue.tables]})
    else:
        print_tables(out(), catalogue.tables)
    return ExitCode.DONE
