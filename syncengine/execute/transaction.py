"""Writes one batch: a transaction, compared with the plan before it is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from syncengine import machine
from syncengine.execute.batches import Batch
from syncengine.execute.commit_outcome import Images, refuse_live_session, resolve
from syncengine.execute.images import buckets_of, image_of
from syncengine.execute.preparation import PreparedPart
from syncengine.execute.run_context import RunContext
from syncengine.execute.unlogged_rollback import restore_all
from syncengine.model.errors import ChangedSincePlanError, ServerError, StagingError, SyncError, UnknownOutcomeError
from syncengine.model.interrupts import BY_USER, is_stop, uninterrupted
from syncengine.model.pair import Role
from syncengine.model.run import BatchState
from syncengine.servers.protocol import WriteSession
from syncengine.staging.pieces import read_piece
from syncengine.staging.run_marks import part_data

HOW_ROWS_CHANGE = (
    "A trigger, a rule or a conversion on the server may have changed rows, or rejected some; the plan names the "
    "first two."
)

COMMIT_UNANSWERED = "stopped by the user before the server had answered the commit"


@dataclass(frozen=True, slots=True)
class BatchWriter:
    """Writes the batches of one portion."""

    context: RunContext
    seed: int
    report: Callable[[Batch, BatchState, int, int, str], None]
    """Is called with the outcome of a batch as soon as it is known: deleted and inserted rows, and why."""

    def write(self, batch: Batch, prepared: list[PreparedPart], *, whole_tables: bool) -> None:
        """Do the transaction of a batch.

        `whole_tables` locks tables instead of rows. Raises why it was not done; a batch that was committed, or may have
        been, is reported before.
        """
        started = machine.monotonic()
        begun: list[PreparedPart] = []
        session_id, committing, committed = "", False, False
        self.context.forget(batch.days)
        with ExitStack() as quiet:
            try:
                with self.context.servers[batch.into].begin() as session:
                    session_id = session.id
                    self._mark_open(batch, prepared, session)
                    for one in prepared:
                        self._lock(one, session, batch.into, whole_table=whole_tables)
                    for one in prepared:
                        begun.append(one)
                        self._apply(one, session, batch.into)
                    with _naming(" and ".join(one.part.table for one in prepared)):
                        session.run_deferred()
                    # Last of all: a trigger of one table may change rows of another.
                    for one in prepared:
                        self._verify(one, session, batch.into)
                    _refuse_missing_journals(prepared)
                    # From here on a Ctrl-C waits until the outcome of the commit is known.
                    quiet.enter_context(uninterrupted())
                    committing = True
                    session.commit()
                    committed = True
                why = ""
            except SyncError as error:
                if not committing:
                    self._roll_back(batch, prepared, begun, session_id, BY_USER if is_stop(error) else str(error))
                    raise
                why = self._resolved(batch, prepared, session_id, error)
            except BaseException as error:
                if committed:
                    self._report(batch, prepared, BatchState.DONE, "")
                elif committing:
                    # A Ctrl-C that could not be delayed any longer: the mark stays open, and a resume resolves it.
                    self._report(batch, prepared, BatchState.UNKNOWN, COMMIT_UNANSWERED)
                else:
                    self._roll_back(batch, prepared, begun, session_id, BY_USER if is_stop(error) else repr(error))
                raise
            self._report(batch, prepared, BatchState.DONE, why)
            seconds = round(machine.monotonic() - started, 3)
            self.context.run.mark_batch(batch.place, BatchState.DONE, into=batch.into, seconds=seconds)

    def _mark_open(self, batch: Batch, prepared: list[PreparedPart], session: WriteSession) -> None:
        self.context.run.mark_batch(
            batch.place,
            BatchState.OPEN,
            into=batch.into,
            session=session.id,
            seed=self.seed,
            parts=[part_data(one.record) for one in prepared],
        )

    def _lock(self, one: PreparedPart, session: WriteSession, into: Role, *, whole_table: bool) -> None:
        """Lock one table's rows, which must be the journalled ones."""
        with _naming(one.part.table):
            session.lock(buckets_of(one.part), table=whole_table)
        if image_of(one.part, self.seed, session, self.context.cache) != one.before:
            raise ChangedSincePlanError(
                f"{one.part.table}: the rows of {into} changed while the step was prepared.",
                hint="Nothing of this step was written; run the same command again.",
            )

    def _apply(self, one: PreparedPart, session: WriteSession, into: Role) -> None:
        """Write one table's rows inside the transaction; a wrong count rolls everything back."""
        table = one.part.table
        with _naming(table):
            deleted = sum(session.delete(selection) for selection in one.deletes)
        if deleted != one.delete_rows:
            raise ServerError(
                f"{table}: {into} deleted {deleted:,} rows where {one.delete_rows:,} were journalled; rolled back.",
                hint=HOW_ROWS_CHANGE,
            )
        with _naming(table):
            inserted = session.insert(table, read_piece(one.insert)) if one.insert.rows else 0
        if inserted != one.insert.rows:
            raise ServerError(
                f"{table}: {into} inserted {inserted:,} rows where {one.insert.rows:,} were staged; rolled back.",
                hint=HOW_ROWS_CHANGE,
            )

    def _verify(self, one: PreparedPart, session: WriteSession, into: Role) -> None:
        """Compare one table's rows with the after image."""
        if image_of(one.part, self.seed, session, self.context.cache) != one.after:
            raise ServerError(
                f"{one.part.table}: the rows {into} would have are not those that were staged; rolled back.",
                hint=HOW_ROWS_CHANGE,
            )

    def _roll_back(
        self, batch: Batch, prepared: list[PreparedPart], begun: list[PreparedPart], session_id: str, why: str
    ) -> None:
        """Restore the journal where there was no transaction; a transaction ends with its session."""
        server = self.context.servers[batch.into]
        with uninterrupted():
            if begun and not server.describe().capabilities.transactions:
                try:
                    # A cancelled statement may still be under way on the server.
                    refuse_live_session(server, session_id, self.context.limits.lock_seconds)
                    restore_all(begun, server, self.seed, self.context.cache, batch.into)
                except BaseException as error:
                    # The mark stays open: a resume restores the rows once the server allows it.
                    message = f"{why} Rows it had written could not be restored: {error or 'it was stopped'}"
                    self._report(batch, prepared, BatchState.UNKNOWN, message)
                    if isinstance(error, ServerError):
                        # Even after a transient error: a retry would begin with half of it written.
                        raise UnknownOutcomeError(message) from error
                    raise
            # Where it cannot be marked, the next run resolves it.
            with suppress(StagingError):
                self.context.run.mark_batch(batch.place, BatchState.ROLLED_BACK, into=batch.into, why=why)

    def _resolved(self, batch: Batch, prepared: list[PreparedPart], session: str, error: SyncError) -> str:
        """Return why a batch is done although its commit failed; raises where it is not, or may not be."""
        images = [Images(one.part, one.before, one.after) for one in prepared]
        server = self.context.servers[batch.into]
        try:
            state = resolve(
                images,
                server,
                session,
                seed=self.seed,
                cache=self.context.cache,
                wait_seconds=self.context.limits.lock_seconds,
            )
        except Exception:  # noqa: BLE001  # without a comparison the outcome is unknown
            state = BatchState.OPEN
        except BaseException:
            self._report(batch, prepared, BatchState.UNKNOWN, COMMIT_UNANSWERED)
            raise
        if state is BatchState.DONE:
            return str(error)
        if state is BatchState.ROLLED_BACK:
            self.context.run.mark_batch(batch.place, state, into=batch.into, why=str(error))
            if isinstance(error, UnknownOutcomeError):
                # The outcome is known now: a retry may succeed.
                raise ServerError(error.message, hint=error.hint, transient=True) from error
            raise error
        self._report(batch, prepared, BatchState.UNKNOWN, str(error))
        if state is BatchState.UNKNOWN:
            self.context.run.mark_batch(batch.place, state, into=batch.into, why=str(error))
        raise UnknownOutcomeError(error.message, hint=error.hint) from error

    def _report(self, batch: Batch, prepared: list[PreparedPart], state: BatchState, why: str) -> None:
        deleted = sum(one.delete_rows for one in prepared)
        inserted = sum(one.insert.rows for one in prepared)
        self.report(batch, state, deleted, inserted, why)


@contextmanager
def _naming(table: str) -> Iterator[None]:
    """Name the table in an error of the server: a message about a constraint may not."""
    try:
        yield
    except ServerError as error:
        if f'"{table}"' not in error.message:
            error.message = f"{table}: {error.message}"
        raise


def _refuse_missing_journals(prepared: list[PreparedPart]) -> None:
    """Refuse to commit a batch that could not be undone: the staging folder may have been removed."""
    for one in prepared:
        if not one.journal.path.exists():
            raise StagingError(
                f"The journal {one.journal.path} is missing, or the staging folder is; the step was rolled back.",
                hint="Nothing of this step was written; run the same command again.",
            )
