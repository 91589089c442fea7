"""The tables of a world: one or two of each kind, with few columns, as the shipped specs describe them."""

from __future__ import annotations

from dataclasses import astuple, replace
from functools import lru_cache
from pathlib import Path

from syncengine.catalogue import Catalogue, load_catalogue
from syncengine.model.spec import CompanionFile, TableSet, TableSpec

SPECS = Path(__file__).parent / "specs"
"""The specs of the tables that the customer made."""
CUSTOM = "c_callbacks"
HISTORY = {
    "hsplit": "i_stafftime i_acdtime maxstaffed acdcalls acdtime acwtime abncalls callsoffered servicelevel",
    "dsplit": "i_stafftime i_acdtime maxstaffed acdcalls acdtime acwtime abncalls callsoffered servicelevel",
    "wsplit": "i_stafftime i_acdtime maxstaffed acdcalls acdtime acwtime abncalls callsoffered servicelevel",
    "msplit": "i_stafftime i_acdtime maxstaffed acdcalls acdtime acwtime abncalls callsoffered servicelevel",
    "hagent": "i_stafftime ti_stafftime i_acdtime ti_auxtime acdcalls acdtime acwtime holdcalls transferred",
    "dagent": "i_stafftime ti_stafftime i_acdtime ti_auxtime acdcalls acdtime acwtime holdcalls transferred",
    "hvdn": "incalls acdcalls acdtime abncalls othercalls maxwaiting",
    "htkgrp": "trunks incalls intime acdcalls abncalls othercalls",
    "hcwc": "acdcalls acdtime acwtime",
    "haglog": "logout_date logout_reason loc_id sklevel",
    "call_rec": "duration talktime acwtime ansholdtime disptime disposition dispsplit dispvdn tkgrp anslogin held "
    "transferred conference lastcwc ucid",
    "ag_actv": "direction event_time auxreason interrupted",
    "agex": "threshold time reason_code",
    "linkex": "duration threshold",
}
"""The tables of history, and which columns each has beside its time, its ACD, its key and what it does not compare."""
ADMINISTRATION = (
    "arch_stat", "dcalloc", "acds", "synonyms", "agroups", "splits", "split_pro", "users", "features", "ttsc",
    "ttsctasks", "ttsched", "dbitems",
)  # fmt: skip
"""Other tables, which are narrow by themselves."""


@lru_cache(maxsize=2)
def world_catalogue(whole: bool = False) -> Catalogue:
    """Return the catalogue of a world; of its tables all columns if `whole`."""
    shipped = load_catalogue(SPECS)
    names = {*HISTORY, *ADMINISTRATION, CUSTOM}
    sets = tuple(_restricted(one, names) for one in shipped.sets)
    sets = tuple(one for one in sets if one.tables)
    there = {one.name for one in sets}
    return Catalogue(
        tables=tuple(spec if whole else _narrow(spec) for spec in shipped.tables if spec.name in names),
        files=tuple(_without_sets(one, there) for one in shipped.files),
        sets=sets,
    )


def _narrow(spec: TableSpec) -> TableSpec:
    """Leave out the columns that the world doesn't fill."""
    if spec.name not in HISTORY:
        return spec
    chosen = {spec.acd, *spec.key, *spec.ignored, *HISTORY[spec.name].split()}
    chosen |= set(astuple(spec.time)) if spec.time else set()
    chosen |= set(spec.pieces.columns) if spec.pieces else set()
    columns = tuple(column for column in spec.columns if column.name in chosen)
    names = {column.name for column in columns}
    follows = tuple(
        replace(one, columns=tuple(name for name in one.columns if name in names))
        for one in spec.follows
        if not one.columns or names & set(one.columns)
    )
    return replace(spec, columns=columns, follows=follows)


def _restricted(one: TableSet, names: set[str]) -> TableSet:
    return replace(one, tables=tuple(table for table in one.tables if table in names))


def _without_sets(file: CompanionFile, names: set[str]) -> CompanionFile:
    return replace(file, sets=tuple(name for name in file.sets if name in names))
