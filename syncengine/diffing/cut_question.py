"""Reads what both servers have of logins and calls that may have been cut: SQL for DuckDB."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.diffing.bag_difference import BagQuestion, key_term, normal
from syncengine.model.names import quoted


@dataclass(frozen=True, slots=True)
class CutQuestion:
    """Two relations of rows, and the columns that show what was cut."""

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
    return f"SELECT DISTINCT {', '.join(map(quoted, name))} FROM {relation} WHERE {where}"


def cut_statement(question: CutQuestion) -> str:
    """Return the query of rows that are the same in every compared column, a row for all of these.

    Its columns are date, slot, ACD, the name, the key as text, begin, end, how many rows source and target have, and
    whether beginning and end are marked as cut: on the source, then on the target.
    """
    bag = question.bag
    compared = {column.name: column for column in bag.columns}
    names = [normal(compared[name]) if name in compared else quoted(name) for name in question.name]
    places = [f"CAST({key_term(column)} AS VARCHAR)" for column in bag.key_columns]
    selected = [*bag.bucket, *names, *places, quoted(question.begin), question.end]
    terms = list(dict.fromkeys((*selected, *map(normal, bag.columns))))
    flags = [f"RTRIM({quoted(flag)}, ' ')" for flag in question.flags or ()]
    # Each term gets a number, so that no column has the same name as one of ours.
    read = ", ".join(f"{term} AS c{at}" for at, term in enumerate((*terms, *flags)))
    both = " UNION ALL ".join(
        f"SELECT {read}, {source} AS of_source, {target} AS of_target FROM {relation}"
        for relation, source, target in ((bag.source, 1, 0), (bag.target, 0, 1))
    )
    marked = [
        f"MAX(CASE WHEN {side} > 0 THEN c{len(terms) + at} END)"
        for side in ("of_source", "of_target")
        for at in range(len(flags))
    ] or ["NULL"] * 4
    return (
        f"SELECT {', '.join(f'c{terms.index(term)}' for term in selected)}, CAST(SUM(of_source) AS BIGINT), "
        f"CAST(SUM(of_target) AS BIGINT), {', '.join(marked)} FROM ({both}) AS both_sides "
        f"GROUP BY {', '.join(f'c{at}' for at in range(len(terms)))} ORDER BY ALL"
    )
