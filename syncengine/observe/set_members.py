"""Finds the tables of a set that do not belong to it on this pair: neither server has them with the set's column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncengine.model.drift import Observation, TableObservation, TableState
from syncengine.model.names import command, folded
from syncengine.model.pair import Role
from syncengine.model.sentences import listed
from syncengine.model.spec import TableSpec
from syncengine.servers.protocol import Server

NAMES_SHOWN = 6


def tables_not_in_set(
    specs: tuple[TableSpec, ...], only_with: Mapping[str, str], servers: Mapping[Role, Server]
) -> tuple[TableObservation, ...]:
    """Return the tables that exist on a server, but on none with the column that makes them part of the set.

    Each is returned as a table that was not compared, with the reason. Raises `ServerError` where a server is lost.
    """
    wanted = [spec for spec in specs if spec.name in only_with]
    if not wanted:
        return ()
    live = [server.tables(tuple(spec.name for spec in wanted)) for server in servers.values()]

    def has(spec: TableSpec) -> bool:
        there = [found for tables in live if (found := tables.get(spec.name)) is not None]
        columns = {folded(column.name) for found in there for column in found.columns}
        return not there or folded(only_with[spec.name]) in columns

    outside = [spec for spec in wanted if not has(spec)]
    if len(outside) == len(specs):
        # Nothing else was requested, so these tables are meant.
        return ()
    return tuple(
        TableObservation(spec, TableState.NOTHING, f"no column {only_with[spec.name]} on either server")
        for spec in outside
    )


def specs_without(specs: tuple[TableSpec, ...], excluded: tuple[TableObservation, ...]) -> tuple[TableSpec, ...]:
    """Return the specs of tables that are not excluded."""
    names = {one.spec.name for one in excluded}
    return tuple(spec for spec in specs if spec.name not in names)


def with_exclusions_noted(observation: Observation, excluded: tuple[TableObservation, ...]) -> Observation:
    """Return an observation that names the excluded tables, and the command that compares them anyway."""
    if not excluded:
        return observation
    names = [one.spec.name for one in excluded]
    why = ", ".join(dict.fromkeys(one.problem for one in excluded))
    verify_command = command("verify", *(word for name in names for word in ("--table", name)))
    note = f"{listed(names, NAMES_SHOWN)}: not compared: {why}. To compare them anyway: `{verify_command}`"
    return replace(observation, notes=(*observation.notes, note), excluded_tables=excluded)
