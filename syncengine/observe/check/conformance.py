"""What every server must do, tested in a scratch table. Tests run the same cases over every kind of server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import zip_longest

import pyarrow as pa

from syncengine import machine
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.check import CaseResult, CaseState, ScratchCheck
from syncengine.model.errors import CancelledError, ServerError
from syncengine.model.fingerprint import COVERED_TYPES, FingerprintColumn, FingerprintQuery
from syncengine.model.selection import ReadQuery
from syncengine.observe.check.scratch import (
    BUCKETS,
    COLUMNS,
    DAY,
    TYPES,
    Row,
    Scratch,
    as_arrow,
    scratch_row,
    varied_rows,
)
from syncengine.observe.columns import alike
from syncengine.servers.protocol import Server, WriteSession
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from syncengine.staging.cache import Cache

SEEDS = (1, 4711, 2**62 + 3)
MANY = 2000
"""Rows of the case that measures."""
EXTRA_WAIT_SECONDS = 10.0
"""Seconds beyond the wait for a lock after which a session that still waits is given up."""
TRANSACTIONS = "no transactions: the database has no log"


class PromiseBrokenError(Exception):
    """A server did not do what a case requires; the text says what it did instead."""


@dataclass(frozen=True, slots=True)
class CaseNote:
    """The note and the figures of a case that works."""

    text: str = ""
    figures: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One promise, in a few words, and its test. `run` raises where the promise does not hold."""

    name: str
    promise: str
    run: Callable[[Scratch], CaseNote | None]
    needs_transactions: bool = False


def run_cases(
    server: Server,
    cache: Cache,
    *,
    lock_seconds: int,
    mask: Callable[[str], str] = str,
    advance: Callable[[str], None] = lambda _: None,
) -> ScratchCheck:
    """Run every case in a scratch table, which is dropped at the end; `mask` hides secrets in messages."""
    name = ""
    results: list[CaseResult] = []
    finished = False
    made = CaseResult("scratch-table", "a scratch table is made and dropped", CaseState.WORKS)
    try:
        with server.scratch(COLUMNS) as name:
            scratch = Scratch(server, name, cache, lock_seconds)
            for case in CASES:
                results.append(run_case(case, scratch, mask))
                advance(case.name)
            finished = True
    except ServerError as error:
        if name and not finished:
            raise
        still_there = f" The table {name} is still there: drop it by hand." if name else ""
        made = replace(made, state=CaseState.FAILED, message=mask(f"{error}{still_there}"))
    return ScratchCheck((made, *results), name if made.state is CaseState.FAILED else "")


def run_case(case: Case, scratch: Scratch, mask: Callable[[str], str] = str) -> CaseResult:
    """Run one case in the empty table; any error but cancellation is its result."""
    result = CaseResult(case.name, case.promise, CaseState.WORKS)
    try:
        if case.needs_transactions and not scratch.server.describe().capabilities.transactions:
            return replace(result, state=CaseState.NOT_APPLICABLE, message=TRANSACTIONS)
        scratch.clear()
        note = case.run(scratch) or CaseNote()
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001  # a driver that fails in its own way must not hide the other cases
        ours = isinstance(error, PromiseBrokenError | ServerError)
        text = str(error) if ours else f"{type(error).__name__}: {error}"
        return replace(result, state=CaseState.FAILED, message=mask(text))
    return replace(result, message=note.text, figures=note.figures)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise PromiseBrokenError(message)


def _same(column: str, given: object, found: object) -> bool:
    """Say whether a value came back; the blanks that pad text do not count."""
    if TYPES[column].is_text and isinstance(given, str) and isinstance(found, str):
        return given.rstrip(" ") == found.rstrip(" ")
    return type(given) is type(found) and given == found


def _round_trip(scratch: Scratch, values: Mapping[str, Sequence[object]]) -> list[Row]:
    """Write a row for each value of the given columns, and compare what comes back with them."""
    names = tuple(values)
    given = [
        scratch_row(label, **dict(zip(names, those, strict=True)))
        for label, those in enumerate(zip_longest(*values.values()))
    ]
    scratch.write(given)
    found = scratch.rows()
    _require(len(found) == len(given), f"{len(given)} rows were written and {len(found)} came back")
    for wrote, read in zip(given, found, strict=True):
        for column in TYPES:
            wanted, received = wrote.get(column), read[column]
            _require(
                _same(column, wanted, received), f"{TYPES[column]}: {wanted!r} was written, {received!r} came back"
            )
    return found


def _columns(scratch: Scratch) -> None:
    table = scratch.server.tables([scratch.table]).get(scratch.table)
    if table is None:
        raise PromiseBrokenError("the table just made is not there")
    _require(table.names == tuple(TYPES), f"its columns are {', '.join(table.names)}")
    for live in table.columns:
        _require(live.readable, f"{live.native} cannot be read exactly")
        _require(alike(live.type, TYPES[live.name]), f"{TYPES[live.name]} became {live.native}")


def _numbers(scratch: Scratch) -> None:
    whole = {
        f"n_{kind}": (0, 1, -1, 2**bits - 1, -(2**bits) + 1)
        for kind, bits in (("smallint", 15), ("integer", 31), ("int8", 63), ("bigint", 63))
    }
    _round_trip(scratch, whole | {"n_int8": (*whole["n_int8"], 2**53 + 1, -(2**53) - 1)})


def _fractions(scratch: Scratch) -> None:
    decimals = tuple(map(Decimal, ("0.00", "0.01", "-0.01", "999999.99", "-999999.99", "0.10")))
    _round_trip(
        scratch,
        {
            "x_decimal": decimals,
            "x_float": (0.0, 0.1, -1234.5678, 1e-30, 123456789.123456789, 2.0**53 + 1),
            "x_smallfloat": (0.0, 0.5, -2.25, 1048576.125),
        },
    )


def _dates(scratch: Scratch) -> None:
    days = (date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(2000, 2, 29), date(9999, 12, 31))
    _round_trip(scratch, {"d_date": days})


def _text(scratch: Scratch) -> CaseNote:
    found = _round_trip(
        scratch,
        {
            "t_char": ("ab", "ABCDEFGHIJ", " x", "it's", 'a"b', "a\\b"),
            "t_varchar": ("ab", "ABCDEFGHIJKLMNOPQRST", " x y", "it's", 'a"b', "%_;--"),
        },
    )
    padded = found[0]["t_char"] == "ab".ljust(10)
    return CaseNote("CHAR padded to its width" if padded else "CHAR without its padding")


def _beyond_ascii(scratch: Scratch) -> None:
    _round_trip(scratch, {"t_char": ("Zoë", "ñ", "Å x"), "t_varchar": ("Müller", "Señor Gómez", "à la carte")})


def _null_and_blank(scratch: Scratch) -> None:
    scratch.write([scratch_row(0), scratch_row(1, n_integer=0, t_char="", t_varchar=" ", x_float=0.0)])
    scratch.write([scratch_row(2, t_varchar="", d_date=None)])
    null, blank, empty = scratch.rows()
    not_null = [name for name in TYPES if name not in ("row_date", "starttime", "acd") and null[name] is not None]
    _require(not not_null, f"NULL came back as another value: {', '.join(not_null)}")
    _require(blank["n_integer"] == 0 and blank["x_float"] == 0, f"0 came back as {blank['n_integer']!r}")
    for what, value in (("blank CHAR", blank["t_char"]), ("a blank", blank["t_varchar"]), ("''", empty["t_varchar"])):
        _require(value is not None and not value.strip(" "), f"{what} came back as {value!r}")


def _repeated(scratch: Scratch) -> None:
    rows = [scratch_row(500, n_integer=7)] * 3 + [scratch_row(530, n_integer=7)] * 2
    inserted, read = scratch.write(rows), len(scratch.rows("n_integer"))
    counts = {bucket.slot: state.rows for bucket, state in scratch.states(_query(scratch, "n_integer")).items()}
    _require(inserted == 5, f"5 rows were inserted, and the server counted {inserted}")
    _require(read == 5, f"5 rows were inserted and {read} came back")
    _require(counts == {500: 3, 530: 2}, f"buckets of 3 and 2 equal rows were counted as {sorted(counts.values())}")


def _query(scratch: Scratch, *columns: str, seed: int = SEEDS[0]) -> FingerprintQuery:
    return FingerprintQuery(scratch.everything, tuple(FingerprintColumn(name, TYPES[name]) for name in columns), seed)


def _fingerprints(scratch: Scratch) -> CaseNote:
    scratch.write(list(varied_rows(60)))
    scratch.cache.load("read_back", scratch.server.read(ReadQuery(scratch.everything, tuple(TYPES))))
    folded = tuple(name for name, of in COLUMNS if of.name in COVERED_TYPES and name not in BUCKETS.whole)
    queries = {str(TYPES[name]): _query(scratch, name) for name in folded}
    queries |= {f"all types with seed {seed}": _query(scratch, *folded, seed=seed) for seed in SEEDS}
    unlike = [what for what, query in queries.items() if scratch.states(query) != _recomputed(scratch.cache, query)]
    _require(not unlike, f"they are not those of the rows read back: {', '.join(unlike)}")
    with scratch.server.begin() as session:
        inside = dict(session.fingerprint(_query(scratch, *folded)))
    _require(inside == _recomputed(scratch.cache, _query(scratch, *folded)), "inside a transaction they differ")
    fetched = sorted(COVERED_TYPES - scratch.server.describe().capabilities.folds)
    return CaseNote(f"fetched and folded here: {', '.join(fetched)}" if fetched else "")


def _recomputed(cache: Cache, query: FingerprintQuery) -> dict[Bucket, BucketState]:
    statement = fingerprint_statement(query, source="read_back")
    return dict(bucket_state(row) for row in cache.rows(statement.text, statement.values))


def _bounds(scratch: Scratch) -> None:
    before = DAY - timedelta(days=1)
    _require(scratch.server.highest(scratch.table, "n_integer") == 0, "the highest number of no row is not 0")
    places = ((before, 2330, 1), (DAY, 0, 1), (DAY, 1330, 1), (DAY, 500, 2), (None, 500, 2), (DAY, 500, None))
    scratch.write([scratch_row(slot, row_date=day, acd=acd, n_integer=slot) for day, slot, acd in places])
    found = {one.acd: one for one in scratch.server.bounds(scratch.table, BUCKETS)}
    reported = {acd: (one.rows, one.untimed, one.first, one.last) for acd, one in found.items()}
    wanted = {
        1: (3, 0, Bucket(before, 2330, 1), Bucket(DAY, 1330, 1)),
        2: (2, 1, Bucket(DAY, 500, 2), Bucket(DAY, 500, 2)),
        None: (1, 0, Bucket(DAY, 500, None), Bucket(DAY, 500, None)),
    }
    wrong = next((acd for acd, those in wanted.items() if reported.get(acd) != those), None)
    _require(reported == wanted, f"for ACD {wrong} the server reports {reported.get(wrong)}")
    highest = scratch.server.highest(scratch.table, "n_integer")
    _require(highest == 2330, f"the highest number is 2330, and the server reports {highest}")


FIVE, HALF_PAST = Bucket(DAY, 500, 1), Bucket(DAY, 530, 1)


def _delete(scratch: Scratch) -> None:
    scratch.write([scratch_row(500), scratch_row(500, acd=2), scratch_row(500, row_date=None), *[scratch_row(530)] * 2])
    with scratch.server.begin() as session:
        counts = tuple(session.delete(scratch.at(HALF_PAST)) for _ in range(2))
        session.commit()
    _require(counts == (2, 0), f"2 rows were deleted, then none, and the server counted {counts[0]}, then {counts[1]}")
    remaining = len(scratch.rows("starttime"))
    _require(remaining == 3, f"3 rows of other buckets should be left, and there are {remaining}")


def _insert(scratch: Scratch) -> CaseNote:
    rows = as_arrow([scratch_row(label, n_integer=label, t_char="ab") for label in range(5)])
    turned = rows.select(["t_char", "starttime", "n_integer"])
    batches = pa.RecordBatchReader.from_batches(turned.schema, turned.to_batches(max_chunksize=2))
    with scratch.server.begin() as session:
        none = session.insert(scratch.table, rows.slice(0, 0).to_reader())
        count = session.insert(scratch.table, batches)
        session.commit()
    _require((none, count) == (0, 5), f"no row and 5 rows were inserted, and the server counted {none} and {count}")
    found = scratch.rows()
    _require([row["n_integer"] for row in found] == [0, 1, 2, 3, 4], "columns were not matched by their names")
    _require(all(row["acd"] is None for row in found), "a column that was not given is not NULL")
    path = scratch.server.describe().capabilities.write_path
    return CaseNote(f"by {path}" if path else "")


def _groups(scratch: Scratch) -> None:
    pairs = [(number, text) for number in (1, None) for text in ("a", "b", None)]
    scratch.write([scratch_row(n_integer=number, t_char=text) for number, text in pairs for _ in range(2)])
    chosen = ((None, "a".ljust(10)), (1, None))
    columns = ("n_integer", "t_char")
    with scratch.server.begin() as session:
        deleted = session.delete(replace(scratch.everything, group_columns=columns, groups=chosen))
        session.commit()
    remaining = {(row["n_integer"], row["t_char"] and row["t_char"].strip()) for row in scratch.rows(*columns)}
    _require(deleted == 4, f"2 groups of 2 rows were deleted, and the server counted {deleted}")
    _require(remaining == {*pairs} - {(None, "a"), (1, None)}, "other groups than those with NULL were deleted")


def _rolled_back(scratch: Scratch) -> None:
    scratch.write([scratch_row(500), scratch_row(530)])
    before = scratch.rows()
    with scratch.server.begin() as session:
        session.delete(scratch.at(FIVE))
        session.insert(scratch.table, as_arrow([scratch_row(600)] * 2).to_reader())
    _require(scratch.rows() == before, "rows of a session that ended without a commit are there")


def _uncommitted(scratch: Scratch) -> None:
    scratch.write([scratch_row(500)])
    with scratch.server.begin() as session:
        session.insert(scratch.table, as_arrow([scratch_row(530)]).to_reader())
        inside = len(session.read(ReadQuery(scratch.everything, ("starttime",))).read_all())
        outside = len(scratch.rows("starttime"))
    _require(inside == 2, f"a session wrote a second row, and reads {inside} itself")
    _require(outside == 1, f"another connection reads {outside} rows, of which 1 is committed")


def _locked(scratch: Scratch) -> CaseNote:
    scratch.write([scratch_row(500, n_smallint=1), scratch_row(530, n_smallint=1)])
    # The pool is closed last, so that a session that still waits finds the lock released.
    with ThreadPoolExecutor(1) as pool, scratch.server.begin() as first:
        first.lock(scratch.at(FIVE))
        started = machine.monotonic()
        second = pool.submit(_refusal, scratch)
        try:
            refusal = second.result(scratch.lock_seconds + EXTRA_WAIT_SECONDS)
        except TimeoutError:
            scratch.server.interrupt()
            raise PromiseBrokenError(
                f"a second session still waits after {machine.monotonic() - started:.0f} s"
            ) from None
        seconds = machine.monotonic() - started
        _require(refusal is not None, "a second session deleted rows that the first had locked")
        _require(bool(refusal and refusal.hint), f"its error does not say what to do: {refusal}")
        _commit_first(first, scratch)
    return CaseNote(f"after {seconds:.1f} s", (("seconds", round(seconds, 2)),))


def _refusal(scratch: Scratch) -> ServerError | None:
    """Lock and delete the rows another session has locked, and return how that is refused."""
    try:
        with scratch.server.begin() as session:
            session.lock(scratch.at(FIVE))
            session.delete(scratch.at(FIVE))
    except ServerError as error:
        return error
    return None


def _commit_first(first: WriteSession, scratch: Scratch) -> None:
    deleted = first.delete(scratch.at(FIVE))
    first.commit()
    _require(deleted == 1, f"the first session then deleted {deleted} of the 1 row it had locked")


def _rates(scratch: Scratch) -> CaseNote:
    rows = as_arrow([scratch_row(at % 48, n_integer=at, t_char=f"{at}", x_float=at / 8) for at in range(MANY)])
    started = machine.monotonic()
    with scratch.server.begin() as session:
        count = session.insert(scratch.table, rows.to_reader())
        session.commit()
    written = machine.monotonic()
    found = scratch.server.read(ReadQuery(scratch.everything, ("n_integer",))).read_all().column(0).to_pylist()
    read = machine.monotonic()
    _require(count == MANY, f"{MANY:,} rows were inserted, and the server counted {count:,}")
    _require(sorted(found) == list(range(MANY)), f"{MANY:,} rows were inserted, and others came back")
    rates = {"insert": MANY / (written - started), "read": MANY / (read - written)}
    text = " and ".join(f"{rate:,.0f}" for rate in rates.values())
    return CaseNote(text, tuple((f"{what}_rows_per_second", round(rate)) for what, rate in rates.items()))


CASES: tuple[Case, ...] = (
    Case("columns", "a column of every type is made", _columns),
    Case("whole-numbers", "whole numbers, up to their extremes", _numbers),
    Case("fractions", "decimals and floats", _fractions),
    Case("dates", "dates, 1899-12-30 to 9999-12-31", _dates),
    Case("text", "text, up to its full width", _text),
    Case("non-ascii", "text beyond ASCII", _beyond_ascii),
    Case("nothing", "NULL, 0, blank and empty stay distinct", _null_and_blank),
    Case("repeated-rows", "equal rows are each counted", _repeated),
    Case("fingerprints", "fingerprints are those of the rows", _fingerprints),
    Case("bounds", "first and last bucket, highest number", _bounds),
    Case("insert", "inserts are counted, columns by name", _insert),
    Case("delete", "deletes are counted, others stay", _delete),
    Case("key-groups", "a key group with NULL is deleted alone", _groups),
    Case("rollback", "leaving without commit leaves nothing", _rolled_back, needs_transactions=True),
    Case("uncommitted", "uncommitted rows cannot be read", _uncommitted, needs_transactions=True),
    Case("locks", "locked rows are refused to others", _locked, needs_transactions=True),
    Case("rates", f"{MANY:,} rows, written and read per second", _rates),
)
