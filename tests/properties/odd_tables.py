"""Tables of a customer's own with odd names, types and values, and what differs between two bags of their rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from hypothesis import strategies as st

from syncengine.model.bucket import Bucket
from syncengine.model.names import folded

Value = str | None
"""A value as SQL writes it in a cast; None is NULL."""
Row = tuple[Value, ...]
NUL = "\0"
OURS = (
    *("date", "slot", "acd", "rows", "over", "under", "side"),
    *("known", "number", "of.date", "of.id", "key.id", "key.date", "bucket.date"),
    *("bucket.slot", "bucket.acd", "surplus", "surplus.rows", "surplus.side", "source_rows", "target_rows"),
    *("journal", "chosen", "staged_source", "staged_insert", "incoming", "held", "b_date"),
    *("b_slot", "x", "folded", "squared", "counted", "differing", "last_rows"),
    *("source.rows", "three.side", "is.cut", "own.rows", "k0", "c0", "minute"),
)
"""Names that statements of ours use, or have used."""
ODD = (
    *("select", "table", "order", "group", "from", "null", "user", "rowid", "SELECT", "Id", "aB", "a b", "x y z"),
    *(
        'a"b',
        '"',
        '""',
        "a.b",
        ".",
        "'",
        "x'y",
        "--",
        ";",
        "?",
        "a?b",
        "$1",
        "%s",
        "{name}",
        "{",
        "[x]",
        "\\",
        "/",
        "../a",
    ),
    *("Ünï", "ß", "名前", "é", "É", "\U0001d11e", "a" * 63, "Z" * 60),
)
LONG = ("n" * 128, "名" * 128)
LIVE_ONLY = (" lead", "trail ", "tab\there", "line\nend", "\x01mark", "\x7f")
"""Names that a spec cannot have, and a column that no spec describes can."""
POSTGRESQL_BYTES = 63


@dataclass(frozen=True)
class Kind:
    """A type of column: as a spec names it (empty where none can), on embedded servers, on PostgreSQL; and values."""

    spec: str
    embedded: str
    postgresql: str
    values: tuple[str, ...]

    @property
    def is_text(self) -> bool:
        """Say whether values are characters."""
        return self.embedded == "VARCHAR"

    def compared(self, value: Value) -> Value:
        """Return a value as it counts in a row."""
        if value is not None and self.spec.startswith("char"):
            return value.rstrip(" ")
        return "0" if value == "-0" else value

    def in_key(self, value: Value) -> Value:
        """Return a value as it distinguishes key groups."""
        return value.rstrip(" ") if value is not None and self.is_text else self.compared(value)


TEXTS = ("", " ", "a", "a ", "a  ", " a", "A", "é", "'", NUL, f"a{NUL}", f"a{NUL} ", "{}", "?")
DATES = (
    "2000-06-05",
    "1899-12-31",
    "9999-12-31",
    "0001-01-01",
    "10000-01-01",
    "0044-03-15 (BC)",
    "infinity",
    "-infinity",
)
KINDS = (
    Kind("smallint", "SMALLINT", "smallint", ("0", "1", "-1", "32767", "-32768")),
    Kind("integer", "INTEGER", "integer", ("0", "1", "2147483647", "-2147483648")),
    Kind("bigint", "BIGINT", "bigint", ("0", "9223372036854775807", "-9223372036854775808")),
    Kind("decimal(8,2)", "DECIMAL(8,2)", "numeric(8,2)", ("0.00", "0.01", "-0.01", "999999.99", "-999999.99")),
    Kind("float", "DOUBLE", "double precision", ("0", "-0", "nan", "infinity", "0.1", "1e-300")),
    Kind("smallfloat", "FLOAT", "real", ("0", "-0", "nan", "-infinity", "0.5")),
    Kind("date", "DATE", "date", DATES),
    Kind("char(6)", "VARCHAR", "character(6)", TEXTS),
    Kind("varchar(6)", "VARCHAR", "character varying(6)", TEXTS),
    Kind("varchar(8)", "VARCHAR", "text", TEXTS),
    Kind("", "TIME", "time", ("00:00:00", "23:59:59.999999", "12:00:00")),
    Kind("", "TIMESTAMP", "timestamp", ("2000-06-05 00:00:00", "1970-01-01 00:00:00.000001", "9999-12-31 00:00:00")),
    Kind("", "BOOLEAN", "boolean", ("true", "false")),
)
SMALLINT = KINDS[0]


@dataclass(frozen=True)
class Layout:
    """A table: its columns, and which of them name its ACD and its key groups."""

    table: str
    columns: tuple[tuple[str, Kind], ...]
    acd: str | None
    key: tuple[str, ...]

    @property
    def spec(self) -> str:
        """The text of its spec; columns of types that no spec can name are only on the servers."""
        described = [f"[columns.{toml(name)}]\ntype = {toml(kind.spec)}" for name, kind in self.columns if kind.spec]
        acd = f"acd = {toml(self.acd)}\n" if self.acd else ""
        key = f"key = [{', '.join(map(toml, self.key))}]\n" if self.key else ""
        head = f'summary = "A table"\nclass = "custom"\nsynced_by = "copying"\n{acd}{key}'
        head += f"[tables]\n{toml(self.table)} = {{}}\n"
        return "\n".join((head, *described, ""))

    def bucket(self, row: Row) -> Bucket:
        """Return the bucket of a row."""
        found = next((value for (name, _), value in zip(self.columns, row, strict=True) if name == self.acd), None)
        return Bucket(acd=None if found is None else int(found))

    def compared(self, row: Row) -> Row:
        """Return a row as it is compared."""
        return tuple(kind.compared(value) for (_, kind), value in zip(self.columns, row, strict=True))

    def group(self, row: Row) -> tuple[Bucket, Row]:
        """Return the key group of a row: without a key, that of all its values."""
        key = tuple(
            kind.in_key(value)
            for (name, kind), value in zip(self.columns, row, strict=True)
            if not self.key or name in self.key
        )
        return self.bucket(row), key


def toml(text: str) -> str:
    """Return text as a TOML string."""
    signs = (f"\\U{ord(sign):08X}" if sign in '"\\' or not sign.isprintable() else sign for sign in text)
    return f'"{"".join(signs)}"'


def counted(layout: Layout, source: Sequence[Row], target: Sequence[Row]) -> dict[Bucket, tuple[int, int, int]]:
    """Return missing, extra and changed rows of each bucket that differs, counted without SQL."""
    surplus = Counter(map(layout.compared, source))
    surplus.subtract(Counter(map(layout.compared, target)))
    groups: dict[tuple[Bucket, Row], list[int]] = defaultdict(lambda: [0, 0])
    for row, count in surplus.items():
        groups[layout.group(row)][0] += max(count, 0)
        groups[layout.group(row)][1] += max(-count, 0)
    found: dict[Bucket, tuple[int, int, int]] = {}
    for (bucket, _), (over, under) in groups.items():
        missing, extra, changed = found.get(bucket, (0, 0, 0))
        same = min(over, under)
        found[bucket] = (missing + over - same, extra + under - same, changed + same)
    return {bucket: counts for bucket, counts in found.items() if any(counts)}


def _fits(name: str, *, postgresql: bool) -> bool:
    return not postgresql or len(name.encode()) <= POSTGRESQL_BYTES


def _distinct(names: Sequence[str]) -> bool:
    return len({folded(name) for name in names}) == len(names)


@st.composite
def layouts(draw: st.DrawFn, *, postgresql: bool = False) -> Layout:
    """Draw a table whose names and types are odd, as a kind of server can have them."""
    any_text = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
    names = st.one_of(st.sampled_from(OURS), st.sampled_from(ODD + LONG), any_text)
    fitting = names.filter(lambda name: _fits(name, postgresql=postgresql))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=2, max_size=6))
    if not any(kind.spec for kind in kinds):
        kinds.append(SMALLINT)
    called: list[str] = []
    for kind in kinds:
        pool = fitting if kind.spec else st.one_of(fitting, st.sampled_from(LIVE_ONLY))
        called.append(draw(pool.filter(lambda name: _distinct([*called, name]))))
    columns = tuple(zip(called, kinds, strict=True))
    smallints = [name for name, kind in columns if kind is SMALLINT]
    acd = draw(st.sampled_from([None, *smallints]))
    described = [name for name, kind in columns if kind.spec and name != acd]
    key = draw(st.lists(st.sampled_from(described), max_size=2, unique=True)) if described else []
    # Shipped tables are described already.
    table = draw(fitting.filter(lambda name: folded(name) not in ("user", "users")))
    return Layout(table, columns, acd, tuple(key))


@st.composite
def rows_of(draw: st.DrawFn, layout: Layout, *, postgresql: bool = False) -> list[Row]:
    """Draw a few rows of a table, repeats among them."""
    values = [
        st.sampled_from([None, *(value for value in kind.values if not (postgresql and NUL in value))])
        for _, kind in layout.columns
    ]
    return draw(st.lists(st.tuples(*values), max_size=5))


@st.composite
def odd_pairs(draw: st.DrawFn, *, postgresql: bool = False) -> tuple[Layout, list[Row], list[Row]]:
    """Draw a table and both servers' rows of it, some of which they share."""
    layout = draw(layouts(postgresql=postgresql))
    shared, source, target = (draw(rows_of(layout, postgresql=postgresql)) for _ in range(3))
    return layout, shared + source, target + shared


FOLDED = tuple(kind for kind in KINDS if kind.spec and kind.spec not in ("float", "smallfloat", "decimal(8,2)"))
"""The kinds that a fingerprint covers: a table of nothing else is compared by it alone."""
MUTATED = (
    "date",
    "slot",
    "acd",
    "rows",
    "side",
    "of.date",
    'a"b',
    "x y",
    "select",
    "Ünï",
    "key.id",
    "bucket.date",
    "?",
)


def every_mutation(kinds: Sequence[Kind], *, postgresql: bool = False) -> tuple[Layout, list[Row], list[Row]]:
    """Return a table in which every value of every kind has become every other, NULL among them, in an ACD each."""
    columns = (("number", SMALLINT), ("id", KINDS[1]), *zip(MUTATED, kinds, strict=False))
    source: list[Row] = []
    target: list[Row] = []
    for place, kind in enumerate(kinds):
        values = [None, *(value for value in kind.values if not (postgresql and NUL in value))]
        for before, after in product(values, repeat=2):
            plain = [one.values[0] for one in kinds]
            for rows, value in ((source, before), (target, after)):
                rows.append((str(len(rows)), "1", *plain[:place], value, *plain[place + 1 :]))
    return Layout("mutations", columns, "number", ("id",)), source, target
