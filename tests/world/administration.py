"""Administration of a world: what both servers begin with, what people change, and what a customer's job writes.

All of it is a plain row or a plain statement, chosen by the seed of the edit and by the rows that are there: the same
edit on two servers that are alike leaves them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

from tests.world.values import Acd, Command, Database, Edit, Row, Scenario, ServerKind

CUSTOM = "c_callbacks"
"""The customer's own table, which his job writes at once."""
LONG = 27
"""So many characters of a name in `synonyms` count; only an embedded server stores more than 20."""
TEXTS = (
    "Sales", "Sales East", "Service 'North'", 'Die "Neuen"', "Kundendienst Zürich", "Café Léa", "  two blanks first",
    "a%b_c", "x; DROP TABLE x", "back\\slash", "comma, tab\there", "ÆØÅ", "0", "NULL", "None", "sales", "",
)  # fmt: skip
ITEM_TYPES = ("split", "vdn", "agent id", "vector")
DAYS: Final = 1000
"""For so long every item is stored, unless a scenario says otherwise."""


def item(table: str, **values: Any) -> tuple[str, Row]:
    """Return a row with its table."""
    return table, values


def beginning(scenario: Scenario) -> dict[str, tuple[Row, ...]]:
    """Return the administration that both servers begin with, by table."""
    found: dict[str, list[Row]] = {}
    for table, row in _beginning(scenario):
        found.setdefault(table, []).append(row)
    return {table: tuple(rows) for table, rows in found.items()}


def _beginning(scenario: Scenario) -> Iterator[tuple[str, Row]]:
    for acd in scenario.acds:
        yield from _of_acd(acd)
    for user in ("cms", "jmiller", "o'brien"):
        yield item("users", user_id=user, full_name=user.title(), user_type=1, max_windows=4, login_acd=1)
        yield item("user_defval", user_id=user, item="printer", value="default")
        for feature in ("dictionary", "timetable"):
            yield item("features", user_id=user, feature=feature, can_read="y", can_write="n")
    yield item("dbitems", item_type="calc", item_name="AVG_ACD", formula="ACDTIME/ACDCALLS", descr="Average")
    yield item("dbitems", item_type="const", item_name="LIMIT", formula="20")
    yield item("menu_add", item_name="Payroll", command="/opt/pay/run -now")
    yield item("r_custom", report_name="Board", owner="jmiller", scope="g", descr="Wallboard", mod_date=scenario.start)
    for owner, name, task in (("cms", "Nightly backup", "Backup of CMS data"), ("jmiller", "Morning", "Print split")):
        yield from _timetable(scenario, owner, name, task)


def _of_acd(acd: Acd) -> Iterator[tuple[str, Row]]:
    number = acd.number
    yield item("acds", acd=number, acd_name=f"Centre {number}", switch_type=1, intrvl=acd.minutes)
    for kind, many in (("split", acd.splits), ("vdn", acd.vdns)):
        for value in range(1, many + 1):
            yield item("synonyms", acd_no=number, item_type=kind, item_name=f"{kind} {value}", value=str(value))
    yield item("synonyms", acd_no=number, item_type="agent group", item_name="All", value="All")
    for agent in range(1, acd.agents + 1):
        yield item("agroups", acd_no=number, item_type="agent group", item_name="All", value=str(4000 + agent))
    for split in range(1, acd.splits + 1):
        yield item("splits", acd=number, split=split, extension=str(500 + split), split_type=1, measured=1)
        yield item("split_pro", acd=number, split=split, servicelevel=20)
    for name in ("split", "agent", "vdn", "trunk group", "call work code"):
        lengths = {"days_daily": DAYS, "weeks_weekly": 200, "months_monthly": 100}
        yield item("dcalloc", acd=number, item=name, num_items=100, days_intrahour=62, **lengths)


def _timetable(scenario: Scenario, owner: str, name: str, task: str, *, run: str = "y") -> Iterator[tuple[str, Row]]:
    yield item("ttsctasks", owner=owner, tt_name=name, task_seq=1, task=task)
    yield item("ttsc", owner=owner, tt_name=name, task_seq=1, line_no=1, text=f"{task}: first line")
    when = {"sched_type": "daily", "start_date": scenario.start, "start_time": 430, "acd": 1}
    yield item("ttsched", owner=owner, tt_name=name, run_local=run, status="waiting", **when)


@dataclass(frozen=True, slots=True)
class Editor:
    """A person at a server: the database, the world, and the chance of one edit."""

    database: Database
    scenario: Scenario
    chance: Random

    def has(self, table: str) -> bool:
        """Say whether the server has a table."""
        return bool(self.database.columns(table))

    def add(self, table: str, **values: Any) -> None:
        """Add a row, if the server has the table; columns it lacks are left out."""
        columns = self.database.columns(table)
        if columns:
            self.database.insert(table, [{name: value for name, value in values.items() if name in columns}])

    def remove(self, table: str, **values: Any) -> None:
        """Remove every row with some values."""
        if self.has(table):
            where, parameters = _where(values)
            self.database.run(f"DELETE FROM {table} WHERE {where}", parameters)

    def change(self, table: str, key: dict[str, Any], **values: Any) -> None:
        """Change every row with some values, in the columns that the server has."""
        columns = self.database.columns(table)
        present = {name: value for name, value in values.items() if name in columns}
        if present:
            where, parameters = _where(key)
            settings = ", ".join(f"{name} = ?" for name in present)
            self.database.run(f"UPDATE {table} SET {settings} WHERE {where}", [*present.values(), *parameters])

    def one(self, table: str, *names: str, **values: Any) -> dict[str, Any] | None:
        """Return the values in some columns of one of the rows with some values, or None if there is none."""
        if not self.has(table):
            return None
        where, parameters = _where(values)
        found = self.database.run(f"SELECT DISTINCT {', '.join(names)} FROM {table} WHERE {where}", parameters)
        rows = sorted((tuple(map(_plain, row)) for row in found), key=repr)
        return dict(zip(names, self.chance.choice(rows), strict=True)) if rows else None

    def text(self, width: int) -> str:
        """Return a text that fits, now and then with blanks at its end."""
        return (self.chance.choice(TEXTS) + " " * self.chance.choice((0, 0, 0, 2)))[:width]

    def acd(self) -> int:
        """Return the number of an ACD."""
        return self.chance.choice(self.scenario.acds).number


def _where(values: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return a condition on some columns, without the blanks at the end of text, and its parameters."""
    terms = [f"rtrim({name}) = ?" if isinstance(value, str) else f"{name} = ?" for name, value in values.items()]
    return " AND ".join(terms) or "1 = 1", [_plain(value) for value in values.values()]


def _plain(value: Any) -> Any:
    return value.rstrip(" ") if isinstance(value, str) else value


def _add_name(editor: Editor) -> None:
    acd, kind = editor.acd(), editor.chance.choice(ITEM_TYPES)
    value = str(editor.chance.choice((7, 12, 4001, 45001)))
    editor.remove("synonyms", acd_no=acd, item_type=kind, value=value)
    name, about = editor.text(20), editor.text(50)
    editor.add("synonyms", acd_no=acd, item_type=kind, value=value, item_name=name, descr=about)


def _change_name(editor: Editor) -> None:
    key = editor.one("synonyms", "acd_no", "item_type", "value")
    if key is not None:
        editor.change("synonyms", key, item_name=editor.text(20))


def _long_name(editor: Editor) -> None:
    """Give a name that is longer than what counts of it: what follows is no difference."""
    key = editor.one("synonyms", "acd_no", "item_type", "value")
    if key is not None and editor.scenario.servers is ServerKind.EMBEDDED:
        start = editor.chance.choice(("A name that is longer than w", "A name that is longer than x"))[:LONG]
        editor.change("synonyms", key, item_name=start + editor.chance.choice(("", " and more", " and less")))


def _describe_name(editor: Editor) -> None:
    key = editor.one("synonyms", "acd_no", "item_type", "value")
    if key is not None:
        editor.change("synonyms", key, descr=editor.text(50))


def _remove_name(editor: Editor) -> None:
    key = editor.one("synonyms", "acd_no", "item_type", "value")
    if key is not None:
        editor.remove("synonyms", **key)


def _double_name(editor: Editor) -> None:
    """Add a second row with the key of another: no table has a unique key."""
    key = editor.one("synonyms", "acd_no", "item_type", "value")
    if key is not None:
        editor.add("synonyms", **key, item_name=editor.text(20))


def _remove_names(editor: Editor) -> None:
    """Remove all names of an ACD: an empty source is no reason to delete."""
    editor.remove("synonyms", acd_no=editor.acd())


def _add_group(editor: Editor) -> None:
    acd, name = editor.acd(), editor.chance.choice(("Summer team", "Night's watch", "Élan"))
    editor.remove("synonyms", acd_no=acd, item_type="agent group", value=name[:15])
    editor.add("synonyms", acd_no=acd, item_type="agent group", item_name=name, value=name[:15])
    for agent in range(editor.chance.randint(0, 3)):
        editor.add("agroups", acd_no=acd, item_type="agent group", item_name=name, value=str(4001 + agent))


def _change_group(editor: Editor) -> None:
    group = editor.one("agroups", "acd_no", "item_type", "item_name")
    if group is not None:
        agent = str(editor.chance.randint(4001, 4009))
        there = editor.one("agroups", "value", **group, value=agent)
        act = editor.add if there is None else editor.remove
        act("agroups", **group, value=agent)


def _remove_group(editor: Editor) -> None:
    group = editor.one("agroups", "acd_no", "item_type", "item_name")
    if group is not None:
        editor.remove("agroups", **group)
        editor.remove("synonyms", **group)


def _add_user(editor: Editor) -> None:
    user = editor.chance.choice(("anew", "bnew", "ümit", "d'arcy"))
    for table in ("user_defval", "features", "users"):
        editor.remove(table, user_id=user)
    editor.add("users", user_id=user, full_name=editor.text(30), user_type=1, max_windows=4, login_acd=1)
    editor.add("features", user_id=user, feature="dictionary", can_read="y", can_write="y")
    editor.add("user_defval", user_id=user, item="printer", value=editor.text(50))


def _change_user(editor: Editor) -> None:
    user = editor.one("users", "user_id")
    if user is not None:
        editor.change("users", user, full_name=editor.text(30), max_windows=editor.chance.randint(1, 12))


def _change_permission(editor: Editor) -> None:
    feature = editor.one("features", "user_id", "feature")
    if feature is not None:
        editor.change("features", feature, can_write=editor.chance.choice("yn"))


def _remove_user(editor: Editor) -> None:
    user = editor.one("users", "user_id")
    if user is not None:
        for table in ("user_defval", "features", "users"):
            editor.remove(table, **user)


def _add_calculation(editor: Editor) -> None:
    name = editor.chance.choice(("OWN_CALC", "own_calc", "NEW 'Q'"))
    editor.remove("dbitems", item_type="calc", item_name=name)
    editor.add("dbitems", item_type="calc", item_name=name, formula=editor.text(70), descr=editor.text(50))


def _change_calculation(editor: Editor) -> None:
    calculation = editor.one("dbitems", "item_type", "item_name")
    if calculation is not None:
        editor.change("dbitems", calculation, formula=editor.text(70))


def _remove_calculation(editor: Editor) -> None:
    calculation = editor.one("dbitems", "item_type", "item_name")
    if calculation is not None:
        editor.remove("dbitems", **calculation)


def _add_timetable(editor: Editor) -> None:
    owner, name = editor.chance.choice(("jmiller", "o'brien")), editor.chance.choice(("Evening", "Week's end", "Über"))
    for table in ("ttsc", "ttsctasks", "ttsched"):
        editor.remove(table, owner=owner, tt_name=name)
    run = editor.chance.choice("oyn")
    for table, row in _timetable(editor.scenario, owner, name, editor.text(50), run=run):
        editor.add(table, **row)


def _change_timetable(editor: Editor) -> None:
    task = editor.one("ttsctasks", "owner", "tt_name", "task_seq")
    if task is not None:
        editor.change("ttsctasks", task, task=editor.text(70))
        editor.change("ttsc", task, text=editor.text(70))


def _remove_timetable(editor: Editor) -> None:
    timetable = editor.one("ttsctasks", "owner", "tt_name")
    if timetable is not None:
        for table in ("ttsc", "ttsctasks", "ttsched"):
            editor.remove(table, **timetable)


def _schedule(editor: Editor) -> None:
    """Let a timetable run at another time: each server's own."""
    timetable = editor.one("ttsched", "owner", "tt_name")
    if timetable is not None:
        editor.change("ttsched", timetable, start_time=editor.chance.choice((0, 530, 2330)))


def _unschedule(editor: Editor) -> None:
    timetable = editor.one("ttsched", "owner", "tt_name")
    if timetable is not None:
        editor.remove("ttsched", **timetable)


def _change_acd(editor: Editor) -> None:
    """Give an ACD another name: by hand, on each server."""
    editor.change("acds", {"acd": editor.acd()}, acd_name=editor.text(20))


def _change_profile(editor: Editor) -> None:
    split = editor.one("split_pro", "acd", "split")
    if split is not None:
        editor.change("split_pro", split, servicelevel=editor.chance.choice((10, 20, 30)))


EDITS: dict[str, Callable[[Editor], None]] = {
    "add name": _add_name,
    "change name": _change_name,
    "describe name": _describe_name,
    "long name": _long_name,
    "remove name": _remove_name,
    "double name": _double_name,
    "remove all names": _remove_names,
    "add agent group": _add_group,
    "change agent group": _change_group,
    "remove agent group": _remove_group,
    "add user": _add_user,
    "change user": _change_user,
    "change permission": _change_permission,
    "remove user": _remove_user,
    "add calculation": _add_calculation,
    "change calculation": _change_calculation,
    "remove calculation": _remove_calculation,
    "add timetable": _add_timetable,
    "change timetable": _change_timetable,
    "remove timetable": _remove_timetable,
    "schedule": _schedule,
    "unschedule": _unschedule,
    "change acd": _change_acd,
    "change call profile": _change_profile,
}
KINDS: tuple[str, ...] = tuple(EDITS)
"""What people do to administration."""


def edit(database: Database, scenario: Scenario, edit: Edit) -> None:
    """Do what an edit says to the server that the database is of; what does not apply there does nothing."""
    EDITS[edit.kind](Editor(database, scenario, Random(f"{edit.seed} {edit.kind}")))  # noqa: S311


def customer_rows(scenario: Scenario, hour: int) -> tuple[Row, ...]:
    """Return what the customer's job writes on both servers at the end of an hour of the world, without row numbers."""
    chance = Random(f"{scenario.seed} {CUSTOM} {hour}")  # noqa: S311
    shown = scenario.clock.shown(hour * 3600)
    rows: list[Row] = []
    for acd in scenario.acds:
        for begin in range(0, 60, acd.minutes):
            at = shown + timedelta(minutes=begin)
            when = {"row_date": at.date(), "starttime": at.hour * 100 + at.minute, "intrvl": acd.minutes}
            rows += [
                {"acd": acd.number, **when, "split": split, "promised": chance.randint(1, 9)}
                for split in range(1, acd.splits + 1)
                if chance.random() < 0.5
            ]
    return tuple(rows)


def _sync(at: int, *options: str) -> Command:
    return Command(at, "sync", (*options, "--yes"))


def sequences(at: int) -> tuple[tuple[Edit | Command, ...], ...]:
    """Return edits and commands that make sense together, from a second of the world on, each once."""
    alike = Command(at, "sync", ("--set", "administration", "--dry-run"))
    hour = at + 3600
    later = at + 7200

    def both(kind: str, *, seeds: tuple[int, int] = (1, 2)) -> tuple[Edit, Edit]:
        return Edit("primary", hour, kind, seeds[0]), Edit("secondary", hour + 60, kind, seeds[1])

    def copied(kind: str, *options: str) -> tuple[Edit | Command, ...]:
        return alike, Edit("primary", hour, kind, 1), _sync(later, *options), Command(later + 60, "verify", options[:2])

    undone = Command(later + 600, "undo", ("{run -1}", "--yes"))
    names = ("--set", "synonyms")
    return (
        copied("change name", *names),
        copied("add agent group", "--set", "agent-groups"),
        copied("add user", "--set", "users"),
        copied("remove user", "--set", "users", "--remove-users", "--allow-deletions", "100"),
        copied("change calculation", "--set", "dictionary"),
        copied("change calculation", "--set", "dictionary", "--acd", "1"),
        copied("add timetable", "--set", "timetables"),
        copied("change call profile", "--set", "call-profiles", "--include-manual"),
        copied("remove name", "--set", "administration"),
        # Both changed: refused, then decided for either side.
        (alike, *both("change name"), _sync(later, *names), _sync(later + 60, *names, "--prefer", "primary")),
        (alike, *both("change name"), _sync(later, *names, "--prefer", "secondary"), _sync(later + 60, *names)),
        # The same on both by hand is no difference.
        (alike, *both("change name", seeds=(3, 3)), _sync(later, *names)),
        # The wrong server, then back to the primary.
        (
            alike,
            Edit("secondary", hour, "add name", 4),
            _sync(later, *names, "--prefer", "secondary"),
            _sync(later + 60, *names, "--from", "secondary"),
            _sync(later + 120, *names),
        ),
        # Takeover: administered on the secondary for hours, copied back once, then from the primary again.
        (
            alike,
            *(Edit("secondary", hour + 60 * place, kind, place) for place, kind in enumerate(KINDS[:8])),
            Command(later, "verify", ("--set", "administration")),
            _sync(later + 60, "--set", "administration", "--from", "secondary", "--allow-deletions", "100"),
            Edit("primary", later + 300, "change name", 5),
            _sync(later + 600, "--set", "administration", "--allow-deletions", "100"),
        ),
        # Undo of a sync, of a later edit too, and the next sync after it.
        (alike, Edit("primary", hour, "change name", 6), _sync(later, *names), undone, _sync(later + 1200, *names)),
        (
            alike,
            Edit("primary", hour, "change name", 6),
            _sync(later, *names),
            Edit("secondary", later + 300, "change name", 7),
            undone,
            _sync(later + 1200, *names, "--prefer", "primary"),
        ),
        # An empty source is no reason to delete.
        (alike, Edit("primary", hour, "remove all names", 1), _sync(later, *names, "--allow-deletions", "1000")),
        # Only what is missing.
        (alike, *both("add name"), _sync(later, *names, "--policy", "fill")),
    )
