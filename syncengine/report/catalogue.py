"""The catalogue for people and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from syncengine.model.names import command
from syncengine.model.sentences import plural
from syncengine.model.spec import CompanionFile, DataClass, SyncedBy, TableSet, TableSpec
from syncengine.report.json_values import plain
from syncengine.report.text import grid, next_commands, print_lines, section

CLASS_TITLES = {
    DataClass.LOCAL: "Local administration: never copied",
    DataClass.SYSTEM: "System administration: whole tables",
    DataClass.ACD: "ACD administration: one ACD or all",
    DataClass.HISTORICAL: "Historical: a window of time",
    DataClass.CUSTOM: "Custom",
}
SYNCED_BY = {
    SyncedBy.COPYING: "by copying",
    SyncedBy.BY_HAND: "by hand",
    SyncedBy.BY_SWITCH: "by the switch",
    SyncedBy.NEVER: "never",
}
"""How two servers are synchronised, for people (rule 19)."""


def print_tables(console: Console, tables: tuple[TableSpec, ...]) -> None:
    """List tables by data class, and what to type to learn more."""
    for data_class, title in CLASS_TITLES.items():
        members = [spec for spec in tables if spec.data_class is data_class]
        if not members:
            continue
        print_lines(console, section(f"{title} ({plural(len(members), 'table')})"))
        table = grid("table", "archive", "columns", "synchronised", "contents", right=("columns",), wraps=("contents",))
        for spec in members:
            archive = spec.archive.value if spec.archive else ""
            table.add_row(spec.name, archive, str(len(spec.columns)), SYNCED_BY[spec.synced_by], spec.summary)
        console.print(table)
    show, sets = command("tables", "TABLE"), command("tables", "--sets")
    print_lines(
        console, next_commands([("To show one table with its columns", show), ("To list the sets of tables", sets)])
    )


def print_table(console: Console, spec: TableSpec) -> None:
    """Show one spec, each value with its source."""
    origin, set_up = dict(spec.origin), spec.set_up
    beside = (*(one.source for one in spec.follows), *(one.source for one in spec.needs))
    cited = dict.fromkeys(filter(None, (*(column.source for column in spec.columns), *beside)))
    sources = {source: f"[{place}]" for place, source in enumerate(cited, 1)} | {"": ""}
    console.print(Text(f"{spec.name}: {spec.summary}", style="bold"))
    facts = grid("", " ", "from", wraps=(" ", "from"))
    for label, value, key in (
        ("data class", spec.data_class.value, "class"),
        ("archive", spec.archive.value if spec.archive else "none", "archive"),
        ("ACD column", spec.acd or "none", "acd"),
        ("key group", ", ".join(spec.key) or "none", "key"),
        ("synchronised", SYNCED_BY[spec.synced_by] + (f": {spec.synced_why}" if spec.synced_why else ""), "synced_by"),
        *([("administered at", spec.screen, "screen")] if spec.screen else []),
        ("stored for, by", spec.retention or "the vendor's longest", "retention"),
        ("circular", "yes" if spec.circular else "no", "circular"),
        *([("written", "as things happen, by no archive", "at_once")] if spec.at_once else []),
        ("rolled up from", spec.rolled_from or "nothing", "archive"),
        *([("has rows", "in every interval that a server recorded", "witness")] if spec.witness else []),
        *(
            [("set-up", f"of {set_up.what}{', which may differ' if set_up.may_differ else ''}", "set_up")]
            if set_up
            else []
        ),
        *([("to do by hand", ", ".join(spec.afterwards), "afterwards")] if spec.afterwards else []),
        ("row number", spec.row_number or "none", "row_number"),
    ):
        facts.add_row(label, value, origin.get(key, "default"))
    if spec.time is not None:
        names = (spec.time.date, spec.time.label, spec.time.epoch)
        facts.add_row("time columns", ", ".join(filter(None, names)), origin.get("time", ""))
    if spec.pieces is not None:
        named = f"a {spec.pieces.of} with the same {', '.join(spec.pieces.same)}"
        facts.add_row("cut by outages", named, origin.get("pieces", ""))
    for column, why in spec.not_compared:
        facts.add_row("not compared", f"{column}: {why}", origin.get(f"not_compared.{column}", ""))
    for one in spec.follows:
        which = f" ({plural(len(one.columns), 'column')})" if one.columns else ""
        evidence = f"{one.evidence} {sources[one.source]}".rstrip()
        value = f"{one.screen or one.name}{which}, {evidence}: {one.why}"
        facts.add_row("follows from", value, origin.get(f"follows.{one.name}", ""))
    for needed in spec.needs:
        evidence = f"{needed.evidence} {sources[needed.source]}".rstrip()
        value = f"{needed.name}{', in one step' if needed.one_step else ''}, {evidence}: {needed.why}"
        facts.add_row("never without", value, origin.get(f"needs.{needed.name}", ""))
    console.print(facts)
    console.print()
    columns = grid("column", "type", "rolls up by", "evidence", "source", right=("source",))
    for described in spec.columns:
        kind = f"{described.type}" + (" null" if described.nullable else "")
        kind += f", first {described.significant} count" if described.significant else ""
        rollup = described.rollup.value if described.rollup else ""
        columns.add_row(described.name, kind, rollup, described.evidence.value, sources[described.source])
    console.print(columns)
    console.print()
    for source in cited:
        console.print(Text(f"{sources[source]} {source}"))


def print_sets(console: Console, sets: tuple[TableSet, ...], files: tuple[CompanionFile, ...]) -> None:
    """List the sets, and the files that are not copied with tables."""
    table = grid("set", "tables", "contents", right=("tables",), wraps=("contents",))
    for one in sets:
        table.add_row(one.name, str(len(one.tables)), one.summary)
    console.print(table)
    console.print()
    beside = grid("file beside the tables", "contents", "what to do", wraps=("contents", "what to do"))
    for file in files:
        beside.add_row(file.shown, file.holds, file.advice)
    console.print(beside)


def table_document(spec: TableSpec) -> dict[str, Any]:
    """Return a spec as plain data."""
    document: dict[str, Any] = plain(spec)
    document["origin"] = dict(spec.origin)
    document["follows"] = {one.name: plain(one) for one in spec.follows}
    document["needs"] = {one.name: plain(one) for one in spec.needs}
    document["not_compared"] = dict(spec.not_compared)
    for column, described in zip(document["columns"], spec.columns, strict=True):
        column["type"] = str(described.type)
    return document


def sets_document(sets: tuple[TableSet, ...], files: tuple[CompanionFile, ...]) -> dict[str, Any]:
    """Return sets and companion files as plain data."""
    return {"sets": plain(sets), "files": plain(files)}
