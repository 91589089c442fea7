"""Lists the files that belong to rows a plan writes, and where to copy them (rule 20). Pure."""

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
    """The differences of administration; for an undo, those before the run."""
    written: Callable[[Role, str], Counts | None]
    """The rows of a table that change on a server; None if none is written."""
    undone_run: str = ""


def file_lines(context: FileLineContext) -> Iterator[ChecklistLine]:
    """Yield the lines about the files of rows that are written."""
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
            text = f"On {role}, restore {file.path} ({file.holds}), if it was copied{of}."
        source = None if context.undone_run else role.other
        yield ChecklistLine(LineKind.FILES, role, text, file=file.path, source=source)
        return
    if context.undone_run:
        for path, ones in _by_path(file, changes, unnamed=more).items():
            what = _subject(_names(ones, context.catalogue), more=more and bool(file.path))
            text = (
                f"On {role}, restore {what}: {path or file.shown} ({file.holds}), if files were copied or removed. "
                f"The rows are as before run {context.undone_run}."
            )
            yield ChecklistLine(LineKind.FILES, role, text, file=path)
        return

    for path, ones in _by_path(file, added, unnamed=more).items():
        what = _subject(_names(ones, context.catalogue), more=more and bool(file.path))
        text = f"Copy {what} from {role.other} to {role}: {path or file.shown} ({file.holds})."
        yield ChecklistLine(LineKind.FILES, role, text, file=path, source=role.other)
    for path, ones in _by_path(file, removed, unnamed=False).items():
        what = _subject(_names(ones, context.catalogue), more=False)
        text = f"Remove {what} from {role}: {path or file.shown} ({file.holds}). {role.other} no longer has it."
        yield ChecklistLine(LineKind.FILES, role, text, file=path)


def _by_path(file: CompanionFile, changes: Sequence[PlannedChange], *, unnamed: bool) -> dict[str, list[PlannedChange]]:
    """Return changes by the path of their files; `unnamed` says that more rows changed than are listed."""
    if file.path:
        return {file.path: list(changes)} if changes or unnamed else {}
    found: dict[str, list[PlannedChange]] = {"": []} if unnamed else {}
    for one in changes:
        found.setdefault(_path(file, one.group), []).append(one)
    return found


def _path(file: CompanionFile, group: GroupChange) -> str:
    """Return the path of a row's file; for a command, the program; empty if the row is not known."""
    for version in group.versions:
        if version.column == file.named_in:
            value = version.source if group.source_rows else version.target
            words = _printable(value).split() if isinstance(value, str) else []
            return words[0] if words else ""
    return ""


def _names(changes: Sequence[PlannedChange], catalogue: Catalogue) -> list[str]:
    return list(dict.fromkeys(_name(one.group, catalogue.table(one.table)) for one in changes))


def _name(group: GroupChange, spec: TableSpec) -> str:
    """Return the texts of a key as a name: jmiller 'Morning'; numbers in a key only distinguish its parts."""
    texts = [(name, _printable(value)) for name, value in group.key if isinstance(value, str) and value.strip()]
    named = next((text for name, text in texts if name.endswith("_name") or name == "shortcut"), None)
    named = named or (texts[0][1] if texts else spec.name)
    owners = [text for name, text in texts if name in ("owner", "user_id")]
    return " ".join((*owners[:1], f"'{named}'"))


def _subject(names: Sequence[str], *, more: bool) -> str:
    if not names:
        return "the files of the changed rows"
    return f"the files of {listed(names, MOST_NAMED)}{' and others' if more else ''}"


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text).strip()
