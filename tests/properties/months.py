"""A pair whose rows lie about the ends of two months, in tables of every grain, observed as a whole and in parts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from syncengine.model.drift import Observation, TableObservation
from syncengine.model.merging import merged
from syncengine.model.pair import PairSettings, Role
from syncengine.model.progress import SilentProgress
from syncengine.observe.observation import observe
from syncengine.observe.request import MonthRange, Request
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from tests.builders import Files, Row, build_files, catalogue, connected, insert, row, servers_of, settings_of

AS_OF = datetime(2000, 7, 10, 7, 10)
TABLES = ("htrunk", "dtrunk", "wtrunk", "mtrunk", "haglog", "call_rec", "ag_actv", "synonyms", "agroups")
EDGES = tuple(date(2000, month, 1) for month in (5, 6, 7, 8))
"""The beginnings of months, of which any may part what is observed."""
MINUTE = timedelta(minutes=1)
Rows = Sequence[tuple[str, str, Row]]
"""A server or both, a table and a row."""


def build_empty(folder: Path) -> Files:
    """Build a pair without rows, of which each example is a copy."""
    stored = [
        row("dcalloc", acd=acd, item=item, num_items=10_000, days_intrahour=62, days_daily=1825)
        | {"weeks_weekly": 520, "months_monthly": 120}
        for acd in (1, 2)
        for item in ("trunks", "agent login/logout", "call records", "agent trace")
    ]
    return build_files(
        folder, TABLES, both={"dcalloc": stored}, acds={1: 30, 2: 30}, archived=datetime(2000, 7, 10, 6), as_of=AS_OF
    )


def epoch(moment: datetime) -> int:
    """Return the epoch second of a time of the wall clock, which is that of UTC."""
    return int(moment.replace(tzinfo=UTC).timestamp())


def login(begin: datetime, end: datetime | None, *, agent: str = "4001", cut: str = "", **values: Any) -> Row:
    """Return a haglog row; `cut` holds `<` where its beginning was cut, and `>` for its end."""
    flags: dict[str, Any] = {
        "inflag": "<" if "<" in cut else None,
        "outflag": ">" if ">" in cut else None,
        "row_date": begin.date(),
    }
    flags |= {"login": epoch(begin), "logout": epoch(end) if end else None}
    return row("haglog", **{"logid": agent, "extn": "200", "split": 1, **flags, **values})


def down(begin: datetime, end: datetime, acd: int = 1) -> Row:
    """Return what a diary has of a link that was down."""
    lasted = int((end - begin).total_seconds())
    label = begin.hour * 100 + begin.minute
    return row("linkex", acd=acd, row_date=begin.date(), row_time=label, duration=lasted, reason=97)


@contextmanager
def filled(empty: Files, rows: Rows) -> Iterator[Files]:
    """Give a copy of the empty pair with rows."""
    with tempfile.TemporaryDirectory(prefix="syncengine-") as name:
        files = Files(Path(name) / "pair")
        shutil.copytree(empty.folder, files.folder)
        for role in Role:
            with connected(files.database(role)) as connection:
                for table in dict.fromkeys(table for _, table, _ in rows):
                    mine = [one for server, of, one in rows if of == table and server in (role.value, "both")]
                    insert(connection, table, mine)
        yield files


@dataclass
class Comparing:
    """A pair that can be observed any number of times."""

    settings: PairSettings
    servers: Mapping[Role, Server]

    @classmethod
    @contextmanager
    def at(cls, files: Files) -> Iterator[Comparing]:
        """Open both servers."""
        with servers_of(files.pair_file) as servers:
            yield cls(settings_of(files.pair_file), servers)

    def request(self, tables: Sequence[str] = TABLES, **options: Any) -> Request:
        """Return the request for some tables, with the facts at hand, so that all parts have the same."""
        specs = tuple(catalogue().table(name) for name in tables)
        request = Request(specs, Role.PRIMARY, AS_OF, seed=7, **options)
        return replace(request, facts=self.compare(request).facts)

    def compare(self, request: Request) -> Observation:
        """Observe the request."""
        with Cache(self.settings.staging, memory_mb=self.settings.limits.memory_mb) as cache:
            return observe(self.servers, self.settings, catalogue(), request, cache, SilentProgress())

    def each_part(self, request: Request, edges: Sequence[date]) -> list[Observation]:
        """Observe each month of each table for itself, the last first."""
        return [
            self.compare(replace(request, specs=(spec,), months=months))
            for spec in request.specs
            for months in reversed(parted(edges))
        ]

    def in_parts(self, request: Request, edges: Sequence[date]) -> Observation:
        """Merge what each month of each table shows."""
        return merged(self.each_part(request, edges), samples=self.settings.limits.samples)


def parted(edges: Sequence[date]) -> list[MonthRange]:
    """Return months that tile all of time, parted at the edges."""
    return [MonthRange(first, past) for first, past in zip((None, *edges), (*edges, None), strict=True)]


def assert_alike(whole: Observation, parts: Observation) -> None:
    """Compare two observations field by field, so that a difference is shown by its name."""
    for one, other in zip(whole.tables, parts.tables, strict=True):
        unlike = {
            field.name: (getattr(one, field.name), getattr(other, field.name))
            for field in fields(TableObservation)
            if getattr(one, field.name) != getattr(other, field.name)
        }
        assert not unlike, one.spec.name
        assert [drift.counts.in_missing_groups for drift in one.differing] == [
            drift.counts.in_missing_groups for drift in other.differing
        ]
    assert whole == parts
