"""Says which files go with rows that a plan writes: from where, to where, of what (rule 20). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from syncengine.catalogue import Catalogue
from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.drift import Counts, GroupChange
from syncengine.model.pair import Role
from syncengine.model.plan import PlannedChange
from syncengine.model.sentences import listed
from syncengine.model.spec import CompanionFile, TableSpec

MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class FileLineContext:
    """What lines about files are made from."""

    catalogue: Catalogue
    changes: Sequence[PlannedChange]
    """What differs of administration; for an undo, what differed before the run."""
    written: Callable[[Role, str], Counts | None]
    """What becomes of the rows of a table on a server; None where none is written."""
    undone_run: str = ""


def file_lines(context: FileLineContext) -> Iterator[ChecklistLine]:
    """Yield what is to be done about the files of rows that are written, and nothing about those of others."""
    for file in context.catalogue.files:
        tables = context.catalogue.tables_of(file)
        for role in Role:
            written = {table: counts for table in tables if (counts := context.written(role, table)) is not None}
            if written:
                yield from _lines(file, role, written, context)


def _lines(
    file: CompanionFile, role: Role, written: dict[str, Counts], context: FileLineContext
) -> Iterator[ChecklistLine]:
    changes = [one for one in context.changes if one.table in written and one.skip_reason is None]
    added = [one for one in changes if one.group.source_rows]
    removed = [one for one in changes if not one.group.source_rows]
    listed_rows = sum((one.group.counts for one in changes), Counts()).total
    more = sum(counts.total for counts in written.values()) > listed_rows
    if file.whole:
        names = _names(changes, context.catalogue)
        of = f", since {listed(names, MOST_NAMED)}{' and others' if more else ''} changed" if names else ""
        text = f"Copy {file.path} ({file.holds}) from {role.other} to {role}{of}."
        if context.undone_run:
            text = f"On {role}, put {file.path} ({file.holds}) back as it was, if it was copied{of}."
        source = None if context.undone_run else role.other
        yield ChecklistLine(LineKind.FILES, role, text, file=file.path, source=source)
        return
    if context.undone_run:
        for path, ones in _by_path(file, changes, unnamed=more).items():
            what = _subject(_names(ones, context.catalogue), more=more and bool(file.path))
            text = (
                f"On {role}, put back {what}: {path or file.shown} ({file.holds}), if files were copied or removed; "
                f"the rows are as before run {context.undone_run}."
            )
            yield ChecklistLine(LineKind.FILES, role, text, file=path)
        return
    copying = f"Copy from {role.other} to {role}"
    for path, ones in _by_path(file, added, unnamed=more).items():
        what = _subject(_names(ones, context.catalogue), more=more and bool(file.path))
        text = f"{copying} {what}: {path or file.shown} ({file.holds})."
        yield ChecklistLine(LineKind.FILES, role, text, file=path, source=role.other)
    for path, ones in _by_path(file, removed, unnamed=False).items():
        what = _subject(_names(ones, context.catalogue), more=False)
        text = f"Remove from {role} {what}: {path or file.shown} ({file.holds}). {role.other} has it no more."
        yield ChecklistLine(LineKind.FILES, role, text, file=path)


def _by_path(file: CompanionFile, changes: Sequence[PlannedChange], *, unnamed: bool) -> dict[str, list[PlannedChange]]:
    """Return changes by where their files are; `unnamed` says that more changed than is known by name."""
    if file.path:
        return {file.path: list(changes)} if changes or unnamed else {}
    found: dict[str, list[PlannedChange]] = {"": []} if unnamed else {}
    for one in changes:
        found.setdefault(_path(file, one.group), []).append(one)
    return found


def _path(file: CompanionFile, group: GroupChange) -> str:
    """Return what a row says of where its file is: of a command, the program; empty where the row is not known."""
    for version in group.versions:
        if version.column == file.named_in:
            value = version.source if group.source_rows else version.target
            words = _printable(value).split() if isinstance(value, str) else []
            return words[0] if words else ""
    return ""


def _names(changes: Sequence[PlannedChange], catalogue: Catalogue) -> list[str]:
    return list(dict.fromkeys(_name(one.group, catalogue.table(one.table)) for one in changes))


def _name(group: GroupChange, spec: TableSpec) -> str:
    """Return the texts of a key as a name: jmiller 'Morning'; numbers in it tell parts of the same."""
    texts = [(name, _printable(value)) for name, value in group.key if isinstance(value, str) and value.strip()]
    named = next((text for name, text in texts if name.endswith("_name") or name == "shortcut"), None)
    named = named or (texts[0][1] if texts else spec.name)
    owners = [text for name, text in texts if name in ("owner", "user_id")]
    return " ".join((*owners[:1], f"'{named}'"))


def _subject(names: Sequence[str], *, more: bool) -> str:
    if not names:
        return "what belongs to the rows that change"
    return f"what belongs to {listed(names, MOST_NAMED)}{' and others' if more else ''}"


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text).strip()
