"""The tables, files and sets that syncengine knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from syncengine.model.errors import InputError, UnknownTableError
from syncengine.model.names import folded
from syncengine.model.spec import Afterwards, CompanionFile, DataClass, SetUp, TableSet, TableSpec

CLASS_ORDER = (DataClass.SYSTEM, DataClass.ACD, DataClass.HISTORICAL, DataClass.CUSTOM, DataClass.LOCAL)
"""Administration before history: writing it may cost the target its current interval (rule 11)."""
OWN = "A table of your own needs a spec: name its folder with `specs=`, or in the pair file."


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every table by name, the files that go with them, and the sets."""

    tables: tuple[TableSpec, ...]
    files: tuple[CompanionFile, ...]
    sets: tuple[TableSet, ...]

    def table(self, name: str) -> TableSpec:
        """Return the spec of a table; raises `UnknownTableError` with the nearest names."""
        _refuse_no_name(name)
        found = self._find(name)
        if found is None:
            raise UnknownTableError(
                f"There is no table {name!r} in any spec.",
                hint=_nearest(name, [t.name for t in self.tables], "syncengine tables", OWN),
            )
        return found

    def set(self, name: str) -> TableSet:
        """Return a set; raises `UnknownTableError` with the nearest names."""
        _refuse_no_name(name)
        for candidate in self.sets:
            if candidate.name == folded(name.strip()):
                return candidate
        raise UnknownTableError(
            f"There is no set {name!r}.", hint=_nearest(name, [s.name for s in self.sets], "syncengine tables --sets")
        )

    def select(self, tables: Iterable[str] = (), sets: Iterable[str] = ()) -> tuple[TableSpec, ...]:
        """Return the named tables and those of the named sets, each once, in the order they are written.

        Administration comes before history (rule 11). Raises `UnknownTableError`.
        """
        chosen = [self.table(name) for name in tables]
        chosen += [self.table(name) for set_name in sets for name in self.set(set_name).tables]
        unique = {spec.name: spec for spec in chosen}
        return tuple(sorted(unique.values(), key=lambda spec: CLASS_ORDER.index(spec.data_class)))

    def of_class(self, *classes: DataClass) -> tuple[TableSpec, ...]:
        """Return all tables of some data classes."""
        return tuple(spec for spec in self.tables if spec.data_class in classes)

    @property
    def witnesses(self) -> tuple[TableSpec, ...]:
        """The tables that have rows in every interval a server records."""
        return tuple(spec for spec in self.tables if spec.witness)

    @property
    def one_step(self) -> tuple[tuple[str, ...], ...]:
        """The tables that are only written together, in one step and in this order."""
        return tuple((one.name, spec.name) for spec in self.tables for one in spec.needs if one.one_step)

    @property
    def set_up(self) -> tuple[tuple[TableSpec, SetUp], ...]:
        """The tables that show how a server is set up."""
        return tuple((spec, spec.set_up) for spec in self.tables if spec.set_up is not None)

    def with_follow_up(self, by: Afterwards) -> tuple[str, ...]:
        """Return the tables after whose writing people have to do this."""
        return tuple(spec.name for spec in self.tables if by in spec.afterwards)

    def tables_of(self, file: CompanionFile) -> tuple[str, ...]:
        """Return the tables whose rows go with a file."""
        if file.tables:
            return tuple(spec.name for name in file.tables if (spec := self._find(name)) is not None)
        return tuple(dict.fromkeys(table for name in file.sets for table in self.set(name).tables))

    def files_of(self, tables: Iterable[str]) -> tuple[CompanionFile, ...]:
        """Return the files that go with rows of some tables."""
        wanted = set(tables)
        return tuple(file for file in self.files if wanted & set(self.tables_of(file)))

    def _find(self, name: str) -> TableSpec | None:
        wanted = folded(name.strip())
        return next((spec for spec in self.tables if folded(spec.name) == wanted), None)


def _refuse_no_name(name: object) -> None:
    """Refuse a name that is not text."""
    if not isinstance(name, str):
        raise InputError(f"{name!r} is not a name of a table or set.", hint="Give text.")


def _nearest(name: str, known: list[str], listing: str, otherwise: str = "") -> str:
    near = difflib.get_close_matches(folded(name.strip()), [k.lower() for k in known], n=3, cutoff=0.5)
    names = [k for k in known if k.lower() in near]
    return (
        f"Did you mean {' or '.join(sorted(names))}?" if names else f"`{listing}` lists them all. {otherwise}".rstrip()
    )
