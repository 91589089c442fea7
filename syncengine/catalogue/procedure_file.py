"""Reads the procedures for checklists: one TOML file each, in `checklists/`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from syncengine.model.checklist import LineKind
from syncengine.model.errors import InputError, SpecError
from syncengine.model.file_faults import NotTomlError, read_toml, validation_faults
from syncengine.model.procedure import CountsSince, Place, ProbeName, Procedure, ProcedureLine, Way
from syncengine.model.sentences import plural

FOLDER = Path(__file__).resolve().parent.parent / "checklists"
SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
OF_A_LINE = re.compile(r"lines\.(\d+)\.?")
HEADER = re.compile(r"^\s*\[\[\s*lines\s*\]\]")


def _sentence(text: str) -> str:
    if not text or text != " ".join(text.split()) or not text.isprintable():
        raise ValueError("must be text on one line")
    return text


Name = Annotated[str, StringConstraints(pattern=f"^{SLUG}$")]
Sentence = Annotated[str, AfterValidator(_sentence)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineEntry(_Strict):
    """One thing to do."""

    name: Name
    text: Sentence
    place: Place = Field(default=Place.NONE, alias="server")
    part: Sentence = ""
    guide: Sentence = ""
    kind: LineKind | None = None
    command: tuple[Sentence, ...] = ()
    probe: ProbeName | None = None
    after: Name = ""
    temporary: bool = False
    note: bool = False
    why: Sentence = ""
    ways: tuple[Name, ...] = ()


class WayEntry(_Strict):
    """One of several ways to go."""

    name: Name
    title: Sentence
    costs: Sentence


class ProcedureFile(_Strict):
    """A whole file."""

    title: Sentence
    source: Sentence
    intro: tuple[Sentence, ...] = ()
    counts_since: CountsSince = CountsSince.BEGUN
    ways: tuple[WayEntry, ...] = ()
    lines: tuple[LineEntry, ...] = Field(min_length=1)


def procedure_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of all procedures, in order."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def read_procedure(name: str, folder: Path = FOLDER) -> Procedure:
    """Return a procedure by its name.

    Raises `InputError` with the list of names if there is none of that name, `SpecError` with every fault of its
    file, each with its line.
    """
    if name not in procedure_names(folder):
        raise InputError(f"There is no checklist {name!r}.", hint=f"There are {', '.join(procedure_names(folder))}.")
    path = folder / f"{name}.toml"
    data = path.read_bytes()
    place = f"{path.parent.name}/{path.name}"
    try:
        file = ProcedureFile.model_validate(read_toml(data))
        faults = list(_faults_in(file))
    except NotTomlError as error:
        raise _faulty(name, [f"{place}: {error}"]) from None
    except ValidationError as error:
        faults = list(validation_faults(error))
    if faults:
        raise _faulty(name, [_placed(place, data, fault) for fault in faults])
    return Procedure(
        name=name,
        title=file.title,
        source=file.source,
        intro=file.intro,
        counts_since=file.counts_since,
        lines=tuple(ProcedureLine(**entry.model_dump()) for entry in file.lines),
        ways=tuple(Way(**entry.model_dump()) for entry in file.ways),
    )


def _faulty(name: str, faults: list[str]) -> SpecError:
    count = plural(len(faults), "fault")
    return SpecError(f"The checklist {name} has {count}:", tuple(faults))


def _faults_in(file: ProcedureFile) -> Iterator[str]:
    """Yield the faults inside a well-formed file: references that lead nowhere, and missing parts."""
    for name, count in Counter(way.name for way in file.ways).items():
        if count > 1:
            yield f"ways: two have the name {name!r}"
    ways, before = {way.name for way in file.ways}, set[str]()
    for place, line in enumerate(file.lines):
        where = f"lines.{place}"
        if line.name in before:
            yield f"{where}.name: an earlier line already has the name {line.name!r}"
        if line.after and line.after not in before:
            yield f"{where}.after: no earlier line has the name {line.after!r}"
        if line.probe is None and (line.after or line.temporary):
            yield f"{where}: after and temporary need a probe, and there is none"
        if line.kind is not None and not line.place.roles:
            yield f"{where}.server: a hook runs for a server; write primary, secondary or both"
        if "--pair" in line.command:
            yield f"{where}.command: leave --pair out; it is added"
        for way in line.ways:
            if way not in ways:
                yield f"{where}.ways: no [[ways]] has the name {way!r}"
        before.add(line.name)


def _placed(place: str, data: bytes, fault: str) -> str:
    """Return a fault with its file, and the number of the line with the `[[lines]]` it belongs to."""
    found = OF_A_LINE.match(fault)
    if found is None:
        return f"{place}: {fault}"
    text = data.decode(errors="replace").splitlines()
    headers = [number for number, line in enumerate(text, start=1) if HEADER.match(line)]
    index = int(found[1])
    if index >= len(headers):
        return f"{place}: {fault}"
    return f"{place}, line {headers[index]}: {fault[found.end() :].removeprefix(': ')}"
