"""Restores a batch that was cut short in a database without transactions, from the journal of that batch."""

from __future__ import annotations

from syncengine.diffing.bag_difference import normal
from syncengine.execute.images import buckets_of, image_of
from syncengine.execute.preparation import PreparedPart
from syncengine.model.errors import UnknownOutcomeError
from syncengine.model.pair import Role
from syncengine.model.selection import ReadQuery
from syncengine.servers.protocol import Server, WriteSession
from syncengine.servers.retry import with_retries
from syncengine.staging.cache import Cache
from syncengine.staging.pieces import read_piece


def restore_all(parts: list[PreparedPart], server: Server, seed: int, cache: Cache, into: Role) -> None:
    """Restore the buckets of all parts; raises `UnknownOutcomeError` as `restore` does."""

    def again() -> None:
        # The session that wrote may be lost: each try begins a new one.
        with server.begin() as session:
            for one in parts:
                restore(one, session, seed, cache, into)

    with_retries(again)


def restore(one: PreparedPart, session: WriteSession, seed: int, cache: Cache, into: Role) -> None:
    """Restore the buckets of a part to its before image.

    Raises `UnknownOutcomeError` where there are rows that are neither the batch's nor older than it: another
    writer's, and nothing is deleted then.
    """
    if image_of(one.part, seed, session, cache) == one.before:
        return
    foreign = _foreign_rows(one, session, cache)
    if foreign:
        raise UnknownOutcomeError(
            f"{one.part.table}: the step was cut short, {into} has no transaction log, and another writer has added "
            f"{foreign:,} rows meanwhile; nothing was restored.",
            hint=f"The earlier rows are in {one.journal.path}.",
        )
    session.delete(buckets_of(one.part))
    if one.journal.rows:
        session.insert(one.part.table, read_piece(one.journal))
    if image_of(one.part, seed, session, cache) != one.before:
        raise UnknownOutcomeError(
            f"{one.part.table}: the step was cut short, and {into} is not as it was before it.",
            hint=f"The earlier rows are in {one.journal.path}.",
        )


def _foreign_rows(one: PreparedPart, session: WriteSession, cache: Cache) -> int:
    """Count rows that are not of the batch: neither journalled nor staged."""
    names = tuple(column.name for column in one.part.columns)
    cache.load("held_now", session.read(ReadQuery(buckets_of(one.part), names)))
    cache.show_piece("journal", one.journal.path)
    cache.show_piece("staged_insert", one.insert.path)
    values = ", ".join(normal(column) for column in one.part.columns)
    known = f"SELECT {values} FROM journal UNION ALL SELECT {values} FROM staged_insert"
    rows = cache.rows(f"SELECT COUNT(*) FROM (SELECT {values} FROM held_now EXCEPT ALL ({known}))")
    return int(rows[0][0])
