"""What both servers hold of logins and calls that may have been cut, as SQL for DuckDB."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.diffing.bag_difference import BagQuestion, named, normal

OF_SOURCE, OF_TARGET = '"of.source"', '"of.target"'
"""Names with a dot, which no column of a spec can have."""


@dataclass(frozen=True, slots=True)
class CutQuestion:
    """Two relations of rows, and the columns that tell what was cut."""

    bag: BagQuestion
    name: tuple[str, ...]
    """The columns that name a login or a call."""
    begin: str
    end: str
    """The expression of when a row ended."""
    flags: tuple[str, str] | None
    """The columns that say that the beginning and the end were cut."""


def names_statement(name: tuple[str, ...], relation: str, where: str) -> str:
    """Return the query of the names of some rows."""
    return f"SELECT DISTINCT {', '.join(map(named, name))} FROM {relation} WHERE {where}"


def cut_statement(question: CutQuestion) -> str:
    """Return the query of rows that are the same in every compared column, a row for all of these.

    Its columns are date, slot, ACD, the name, the key as text, begin, end, how many rows source and target have, and
    whether beginning and end are marked as cut: on the source, then on the target.
    """
    bag = question.bag
    compared = {column.name: normal(column) for column in bag.columns}
    names = [compared.get(name, named(name)) for name in question.name]
    places = [f"CAST({compared[name]} AS VARCHAR)" for name in bag.key]
    told = [*bag.bucket, *names, *places, named(question.begin), question.end]
    flags = [
        f"MAX(CASE WHEN {side} > 0 THEN RTRIM({named(flag)}, ' ') END)"
        for side in (OF_SOURCE, OF_TARGET)
        for flag in question.flags or ()
    ] or ["NULL"] * 4
    group = ", ".join(dict.fromkeys((*told, *compared.values())))
    return (
        f"SELECT {', '.join(told)}, CAST(SUM({OF_SOURCE}) AS BIGINT), CAST(SUM({OF_TARGET}) AS BIGINT), "
        f"{', '.join(flags)} FROM (SELECT *, 1 AS {OF_SOURCE}, 0 AS {OF_TARGET} FROM {bag.source} "
        f"UNION ALL BY NAME SELECT *, 0 AS {OF_SOURCE}, 1 AS {OF_TARGET} FROM {bag.target}) AS both_sides "
        f"GROUP BY {group}"
    )
