"""Which administration explains data that differs: administration entered by hand on each server (rule 19)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from syncengine.model.drift import BucketDrift, Observation, TableObservation, TableState
from syncengine.model.names import folded, typed
from syncengine.model.spec import RelatedAdministration, TableSpec


class AdministrationState(StrEnum):
    """Whether the administration behind differing data differs too, for the ACDs that differ."""

    DIFFERS = "differs"
    ALIKE = "alike"
    NOT_COMPARED = "not-compared"
    """It was not among the tables compared, or could not be compared."""
    NO_TABLE = "no-table"
    """No table is known to have it."""


ORDER = tuple(AdministrationState)


@dataclass(frozen=True, slots=True)
class Consequence:
    """One table that differs, and the administration it follows from."""

    table: TableSpec
    administration: RelatedAdministration
    state: AdministrationState


def consequences_of(observation: Observation) -> Iterator[Consequence]:
    """Yield the administration behind each table that differs.

    If only some columns follow from it, it is yielded if that administration differs, or if only these columns differ
    in one of the samples: an outage changes all columns, and administration does not explain it. If the diary of a
    server explains all differences of a table, only administration that is known to differ is yielded.
    """
    compared = {folded(table.spec.name): table for table in observation.tables if table.state is TableState.COMPARED}
    for table in observation.tables:
        if not table.differing:
            continue
        for followed in table.spec.follows:
            administered = _state_of(table, followed, compared.get(folded(followed.name)))
            if administered is not AdministrationState.DIFFERS and _cut_by_outages(table, observation):
                continue
            if administered is AdministrationState.DIFFERS or not followed.columns or _only_in(table, followed.columns):
                yield Consequence(table.spec, followed, administered)


def consequence_sentences(found: Iterable[Consequence]) -> Iterator[str]:
    """Yield sentences without full stops, one for all tables with the same cause; administration that differs first."""
    groups: dict[tuple[AdministrationState, str], list[Consequence]] = {}
    for one in sorted(found, key=lambda one: ORDER.index(one.state)):
        why = "" if one.state is AdministrationState.ALIKE else one.administration.why
        groups.setdefault((one.state, why), []).append(one)
    for (administered, why), members in groups.items():
        tables = list(dict.fromkeys(one.table.name for one in members))
        names = list(dict.fromkeys(one.administration.screen or one.administration.name for one in members))
        follow = f"{', '.join(tables)} follow{'s' if len(tables) == 1 else ''} from {', '.join(names)}"
        match administered:
            case AdministrationState.DIFFERS:
                yield f"{follow}, which differ{'s' if len(names) == 1 else ''} too: {why}"
            case AdministrationState.ALIKE:
                yield f"{follow}, which {'is' if len(names) == 1 else 'are'} alike on both servers"
            case AdministrationState.NOT_COMPARED:
                options = " ".join(f"--table {typed(name)}" for name in names)
                yield f"{follow}, not compared here: {why}; compare it with `syncengine verify {options}`"
            case AdministrationState.NO_TABLE:
                yield f"{follow}, which is in no known table: {why}"


def _state_of(
    table: TableObservation, followed: RelatedAdministration, administration: TableObservation | None
) -> AdministrationState:
    if followed.screen:
        return AdministrationState.NO_TABLE
    if administration is None:
        return AdministrationState.NOT_COMPARED
    acds = {drift.bucket.acd for drift in table.differing}
    if administration.spec.acd is None or table.spec.acd is None:
        return AdministrationState.DIFFERS if administration.differing else AdministrationState.ALIKE
    differing = any(drift.bucket.acd in acds for drift in administration.differing)
    return AdministrationState.DIFFERS if differing else AdministrationState.ALIKE


def _cut_by_outages(table: TableObservation, observation: Observation) -> bool:
    """Say whether all differences are in intervals with an outage of their ACD, or of rows that an outage cut."""
    cut = {bucket for one in table.cuts for bucket in one.buckets}
    return all(
        drift.only_cuts or drift.bucket in cut or _was_down(drift, table, observation) for drift in table.differing
    )


def _was_down(drift: BucketDrift, table: TableObservation, observation: Observation) -> bool:
    if not table.spec.grain.sliced:
        return False
    span, acd = drift.span, drift.bucket.acd
    outages = (outage for facts in observation.facts for outage in facts.outages if acd in (None, outage.acd))
    return span is not None and any(span.clipped(outage.span) is not None for outage in outages)


def _only_in(table: TableObservation, columns: tuple[str, ...]) -> bool:
    """Say whether only these columns differ in one of the samples."""
    changes = ({change.column for change in sample.changes} for sample in table.samples)
    return any(changed and changed <= set(columns) for changed in changes)
