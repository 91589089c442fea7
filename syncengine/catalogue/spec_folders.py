"""Finds and reads spec folders: the shipped one, then the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from syncengine.catalogue.catalogue import Catalogue
from syncengine.catalogue.schema import CompanionsFile, SetsFile, SpecFile
from syncengine.catalogue.spec_file import faults_in, resolve
from syncengine.model.errors import SpecError
from syncengine.model.file_faults import NotTomlError, read_toml, validation_faults
from syncengine.model.names import folded
from syncengine.model.spec import CompanionFile, DataClass, SyncedBy, TableSet, TableSpec

FOLDER_CLASSES = {
    "local": DataClass.LOCAL,
    "system": DataClass.SYSTEM,
    "acd": DataClass.ACD,
    "historical": DataClass.HISTORICAL,
}

Schema = TypeVar("Schema", bound=BaseModel)


def shipped_folder() -> Path:
    """Return the folder of the specs that come with syncengine, installed or in a source tree."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "table_specs"
    return installed if installed.is_dir() else package.parent / "table_specs"


def load_catalogue(*own_folders: Path) -> Catalogue:
    """Read the shipped specs and the user's own folders.

    Raises `SpecError` that lists every fault of every file at once, each with its file and key.
    """
    reader = _SpecReader()
    reader.read_folder(shipped_folder(), "table_specs")
    for folder in own_folders:
        if not folder.is_dir():
            reader.faults.append(f"{folder}: no such folder of specs")
            continue
        reader.read_folder(folder, str(folder))
    return reader.result()


class _SpecReader:
    """Collects specs and faults while folders are read."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.tables: dict[str, TableSpec] = {}
        self.places: dict[str, str] = {}
        self.files: list[tuple[str, CompanionFile]] = []
        self.sets: dict[str, tuple[str, SetsFile]] = {}

    def read_folder(self, folder: Path, shown: str) -> None:
        for path in sorted(folder.rglob("*.toml")):
            place = f"{shown}/{path.relative_to(folder)}"
            if path.name == "sets.toml":
                sets = self._parse(path, place, SetsFile)
                if sets is not None:
                    for name, entry in sets.sets.items():
                        if name in self.sets:
                            self.faults.append(
                                f"{place}: sets.{name}: {self.sets[name][0]} already has a set of this name"
                            )
                        self.sets[name] = (place, SetsFile(sets={name: entry}))
            elif path.name == "files.toml":
                self._read_companions(path, place)
            else:
                self._read_spec(path, place)

    def _read_companions(self, path: Path, place: str) -> None:
        companions = self._parse(path, place, CompanionsFile)
        data_class = FOLDER_CLASSES.get(path.parent.name, DataClass.CUSTOM)
        if companions is not None:
            self.files += [
                (place, CompanionFile(**entry.model_dump(), data_class=data_class)) for entry in companions.file
            ]

    def _read_spec(self, path: Path, place: str) -> None:
        spec_file = self._parse(path, place, SpecFile)
        if spec_file is None:
            return
        faults = [f"{place}: {fault}" for fault in faults_in(spec_file)]
        self.faults += faults
        if faults:
            return
        for table in resolve(spec_file, place):
            name = folded(table.name)
            if name in self.tables:
                self.faults.append(f"{place}: tables.{table.name}: {self.places[name]} already describes this table")
                continue
            self.tables[name], self.places[name] = table, place

    def _parse(self, path: Path, place: str, schema: type[Schema]) -> Schema | None:
        try:
            return schema.model_validate(read_toml(path.read_bytes()))
        except NotTomlError as error:
            self.faults.append(f"{place}: {error}")
        except OSError as error:
            self.faults.append(f"{place}: cannot be read: {error.strerror}")
        except ValidationError as error:
            self.faults += [f"{place}: {fault}" for fault in validation_faults(error)]
        return None

    def result(self) -> Catalogue:
        sets = tuple(self._resolved_sets())
        names = {table_set.name for table_set in sets}
        self.faults += [
            f"{place}: file.sets of {file.shown}: no sets.toml has a set {wanted!r}"
            for place, file in self.files
            for wanted in file.sets
            if wanted not in names
        ]
        self.faults += [fault for place, file in self.files for fault in self._tables_astray(place, file)]
        self.faults += [fault for table in self.tables.values() for fault in self._astray(table)]
        if self.faults:
            count = len(self.faults)
            raise SpecError(
                f"The table specs have {count} fault{'s' if count > 1 else ''}:",
                tuple(self.faults),
            )
        return Catalogue(tuple(self.tables.values()), tuple(file for _, file in self.files), sets)

    def _tables_astray(self, place: str, file: CompanionFile) -> Iterator[str]:
        """Yield each table of a companion file that has no spec, or lacks the column with the path."""
        for name in file.tables:
            table = self.tables.get(folded(name))
            if table is None:
                yield f"{place}: file.tables of {file.shown}: no spec describes {name!r}"
            elif file.named_in and table.column(file.named_in) is None:
                yield f"{place}: file.named_in of {file.shown}: {name} has no column {file.named_in!r}"

    def _astray(self, table: TableSpec) -> Iterator[str]:
        """Yield each name in `follows` and `needs` that is not administration."""
        place = self.places[folded(table.name)]
        for one in table.follows:
            found = self.tables.get(folded(one.name))
            where = f"{place}: tables.{table.name}: follows.{one.name}"
            if found is None and not one.screen:
                advice = "if no table has it, name the `screen` it is set on"
                yield f"{where}: no spec describes {one.name!r}; {advice}"
            elif found is not None and one.screen:
                yield f"{where}.screen: the table {one.name!r} has it, so it needs no screen"
            elif found is not None and (found.time is not None or found.synced_by is SyncedBy.NEVER):
                yield f"{where}: {one.name!r} is not administration that can be compared"

        for needed in table.needs:
            found = self.tables.get(folded(needed.name))
            where = f"{place}: tables.{table.name}: needs.{needed.name}"
            if found is None:
                yield f"{where}: no spec describes {needed.name!r}"
            elif found.time is not None or found.synced_by is SyncedBy.NEVER:
                yield f"{where}: {needed.name!r} is not administration that can be written"

    def _resolved_sets(self) -> Iterator[TableSet]:
        for name, (place, file) in self.sets.items():
            entry = file.sets[name]
            tables = list(entry.tables)
            tables += [t.name for t in self.tables.values() if t.data_class in entry.all_of]
            for table in entry.tables:
                if folded(table) not in self.tables:
                    self.faults.append(f"{place}: sets.{name}.tables: no spec describes {table!r}")
            only_with = {table: column for column, ones in entry.only_with.items() for table in ones}
            for table in only_with:
                if table not in tables:
                    self.faults.append(f"{place}: sets.{name}.only_with: {table!r} is not in the set")
            yield TableSet(name, entry.summary, tuple(tables), entry.every_acd, tuple(only_with.items()))
