"""The outage: what the secondary missed between 05:13 and 05:19, and what was added on the primary only."""

from __future__ import annotations

from syncengine.demo.inserts import TableFiller, quoted, stored_value
from syncengine.demo.shape import Damage
from syncengine.model.spec import Rollup, TableSpec

SUMS = {
    "hsplit": {
        "acdcalls": [f"acdcalls{n}" for n in range(1, 11)],
        "abncalls": [f"abncalls{n}" for n in range(1, 11)],
        "callsoffered": ["acdcalls", "abncalls", "outflowcalls"],
    },
    "hvdn": {
        "acdcalls": [f"ansconncalls{n}" for n in range(1, 11)],
        "abncalls": [f"abncalls{n}" for n in range(1, 11)],
        "incalls": ["acdcalls", "abncalls", "outflowcalls", "disccalls"],
    },
}
"""Totals that are added up again from their parts, so that a damaged row is still consistent."""

BUSY_TIME = ("i_acdtime", "i_acwtime", "i_auxtime", "i_othertime", "i_ringtime")
"""What staffed time consists of, besides waiting for a call."""

TIMES = {
    "acdcalls": (
        *("acdtime", "acwtime", "anstime", "i_acdtime", "i_acwtime", "ringcalls", "ringtime"),
        *("skillcalls1", "skilltime1", "skillacwtime1"),
    ),
    "abncalls": ("abntime",),
    "holdcalls": ("holdtime",),
    "outflowcalls": ("outflowtime",),
    "disccalls": ("disctime",),
    "incalls": ("intime", "i_inocc"),
    "outcalls": ("outtime", "i_outocc", "setuptime"),
}
"""Times of calls, by the count that they need."""

ONLY_THEN = {
    "hagent": "i_stafftime <= {seconds} AND acdcalls <= 1",
    "hvdn": """(vdn, vector) IN (
        SELECT (rpad(vdn, 6, ' '), vector % vectors + 1) FROM vdn_plan
        WHERE acd = {acd} AND number <= 3 AND vectors > 1)""",
    "hcwc": """acdcalls = 1 AND cwc = (
        SELECT max(cwc) FROM {table} WHERE acd = {acd} AND row_date = '{day}' AND starttime = {label}
        HAVING count(*) > 1)""",
}
"""Rows whose traffic lay wholly within the outage: the server that was blind does not have them."""


def damage_intervals(filler: TableFiller, spec: TableSpec, damage: Damage) -> None:
    """Remove from one interval table of the secondary what happened while its link was down.

    All rows of the interval are marked incomplete, and their counts shrink in proportion.
    """
    table = f"secondary_server.{quoted(spec.name)}"
    place = {
        "acd": damage.acd,
        "day": f"{damage.interval:%Y-%m-%d}",
        "label": damage.interval.hour * 100 + damage.interval.minute,
        "seconds": damage.seconds,
        "table": table,
    }
    where = "acd = {acd} AND row_date = '{day}' AND starttime = {label}".format(**place)
    if spec.name in ONLY_THEN:
        filler.connection.execute(f"DELETE FROM {table} WHERE {where} AND {ONLY_THEN[spec.name].format(**place)}")
    columns = {column.name: column for column in spec.columns}
    values = _reduced(spec, damage) | {"incomplete": "1"}
    sets = ", ".join(f"{quoted(name)} = {stored_value(columns[name], value)}" for name, value in values.items())
    filler.connection.execute(f"UPDATE {table} SET {sets} WHERE {where}")


def _reduced(spec: TableSpec, damage: Damage) -> dict[str, str]:
    """Return SQL of every count and time of an interval of half an hour, less six minutes."""
    key = ", ".join(f"hash({quoted(name)})" for name in spec.key)
    values = {}
    for number, column in enumerate(spec.columns):
        if column.rollup is not Rollup.SUM:
            continue
        name = quoted(column.name)
        # The remainder of the division stays or goes by chance; the last call of a work code stays.
        odd = "29" if spec.name == "hcwc" else f"hash({number}::BIGINT, getvariable('seed')::BIGINT, {key}) % 30"
        reduced = f"(({name}::BIGINT * 24 + ({odd})::BIGINT) // 30)"
        if spec.column("i_stafftime"):
            reduced = f"CASE WHEN i_stafftime > {damage.seconds} THEN {reduced} ELSE 0 END"
        values[column.name] = f"({reduced})"
    for total, parts in SUMS.get(spec.name, {}).items():
        values[total] = "(" + " + ".join(values[part] for part in parts) + ")"
    if spec.column("acdcalls") and spec.column("ringcalls"):
        values["ringcalls"] = values["acdcalls"]
    for calls, times in TIMES.items():
        for time in times:
            if time in values and calls in values:
                values[time] = f"CASE WHEN {values[calls]} = 0 THEN 0 ELSE {values[time]} END"
    if spec.column("i_stafftime"):
        busy = " + ".join(f"({values[name]})" for name in BUSY_TIME)
        values["i_availtime"] = f"greatest(0, {values['i_stafftime']} - ({busy}))"
        values["i_stafftime"] = f"greatest({values['i_stafftime']}, {busy})"
    return values


def add_names(filler: TableFiller, damage: Damage) -> None:
    """Add to the primary only: names in the dictionary, and an agent group that has one of its own."""
    values = {"aux_rsn": "5", "cwc": "600", "vdn": "45990"}
    group = (damage.acd, "agent group", damage.added_group)
    names = [(acd, kind, name, values[kind], "Added during the outage") for acd, kind, name in damage.added_synonyms]
    added = [*names, (*group, damage.added_group[:15], "Extra staff for July and August")]
    filler.fill_rows("synonyms", "acd_no item_type item_name value descr", added)
    members = [(*group, login) for login in damage.group_members]
    filler.fill_rows("agroups", "acd_no item_type item_name value", members)
