"""Decides how logins, calls and states cut by an outage are repaired (rule 4): each as a whole or not at all. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncengine.model.bucket import Bucket
from syncengine.model.cuts import Cut, CutState
from syncengine.model.drift import BucketDrift, Counts, GroupKey, Observation, TableObservation
from syncengine.model.grain import Archive
from syncengine.model.interval import ceil_to
from syncengine.model.pair import Role
from syncengine.model.plan import Action, OtherGroups, Skipped, SkipReason
from syncengine.model.policy import Policy
from syncengine.model.spans import joined
from syncengine.model.spec import SyncedBy
from syncengine.model.window import Window
from syncengine.planning.bucket_decisions import Decision, TableDecisions
from syncengine.planning.reconcile import reversed_drift

SKIP_REASONS = {
    CutState.NOT_OVER: SkipReason.CUT_NOT_OVER,
    CutState.NO_WHOLE: SkipReason.CUT_NO_WHOLE,
    CutState.ON_BOTH: SkipReason.CUT_ON_BOTH,
    CutState.UNCLEAR: SkipReason.CUT_UNCLEAR,
}
OTHERS_BY_ACTION = {
    Action.REPLACE_BUCKETS: OtherGroups.REPLACE,
    Action.REPLACE_GROUPS: OtherGroups.REPLACE,
    Action.ADD_BUCKETS: OtherGroups.ADD,
    Action.ADD_GROUPS: OtherGroups.ADD,
}


JudgedCut = tuple[Cut, SkipReason | None, str]
"""A cut, why it is skipped (None if it is repaired), and details."""


@dataclass(slots=True)
class _GroupDecisions:
    """The decisions on the key groups of one table, by bucket."""

    repaired: dict[tuple[Role, Bucket], dict[GroupKey, None]] = field(default_factory=lambda: defaultdict(dict))
    """By the server they are repaired on."""
    skipped: dict[tuple[Role, Bucket], dict[GroupKey, None]] = field(default_factory=lambda: defaultdict(dict))
    """By the server they are skipped on."""
    counts: dict[tuple[Role, Bucket], Counts] = field(default_factory=lambda: defaultdict(Counts))
    skipped_rows: dict[tuple[Role, Bucket], int] = field(default_factory=lambda: defaultdict(int))
    """Rows of skipped cuts, by the server that has them."""


@dataclass(frozen=True, slots=True)
class CutContext:
    """What a plan does about cuts. `policy` decides in which direction rows are written."""

    observation: Observation
    judged: Mapping[str, Sequence[JudgedCut]]
    """By table."""

    @classmethod
    def of(cls, observation: Observation, policy: Policy) -> CutContext:
        """Judge every cut that was found."""
        judge = _CutJudge(observation, policy)
        return cls(observation, {table.spec.name: judge.judge(table) for table in observation.tables})

    def with_cuts(self, decided: Iterable[TableDecisions]) -> Iterator[TableDecisions]:
        """Yield the decisions, with each cut repaired or skipped as a whole."""
        for into, table, decisions in decided:
            if not table.cuts:
                yield into, table, decisions
                continue
            groups = _groups(self.judged[table.spec.name])
            by_server: dict[Role, list[Decision]] = {into: []}
            for decision in decisions:
                for server, made in _with_cuts(into, decision, groups):
                    by_server.setdefault(server, []).append(made)
            yield from ((server, table, made) for server, made in by_server.items())

    def skipped(self, table: TableObservation) -> Iterator[Skipped]:
        """Yield the skipped cuts: one entry for each ACD and reason."""
        groups: dict[tuple[int | None, SkipReason, str], list[Cut]] = defaultdict(list)
        for cut, why, detail in self.judged[table.spec.name]:
            if why is not None:
                groups[cut.acd, why, detail].append(cut)
        for (acd, why, detail), cuts in groups.items():
            length = self.observation.length(acd)
            spans = joined(span.aligned(length) for cut in cuts for span in (cut.outages or _span(cut)))
            rows = sum(row.rows for cut in cuts for row in cut.pieces)
            missing = sum(row.rows for cut in cuts for row in cut.others if not row.on_both)
            yield Skipped(table.spec.name, acd, why, spans, Counts(missing=missing, extra=rows), detail)


def _groups(judged: Iterable[JudgedCut]) -> _GroupDecisions:
    found = _GroupDecisions()
    for cut, why, _ in judged:
        for role, row in cut.differing:
            if why is None:
                place = (cut.cut_on, row.bucket)
                found.repaired[place][row.group_key] = None
                piece = role is cut.cut_on
                found.counts[place] += Counts(changed=row.rows) if piece else Counts(missing=row.rows)
            else:
                found.skipped_rows[role, row.bucket] += row.rows
                # If the other server has no rows of it, no pieces could be added there.
                for server in (cut.cut_on,) if cut.state is CutState.NO_WHOLE else Role:
                    found.skipped[server, row.bucket][row.group_key] = None
    return found


@dataclass(frozen=True, slots=True)
class _CutJudge:
    """Decides which cuts are repaired."""

    observation: Observation
    policy: Policy

    def judge(self, table: TableObservation) -> list[JudgedCut]:
        """Return each cut with why it is skipped, None if it is repaired.

        A cut that shares a key group with a skipped one, or with one that is repaired on the other server, is skipped,
        too: groups are written as a whole.
        """
        changing = frozenset(drift.bucket for drift in table.differing if drift.changing)
        judged: list[JudgedCut] = [
            (cut, *self._skip_reason(table, cut, changing)) for cut in table.cuts if self._concerns_plan(cut)
        ]
        while True:
            skipped = {place for cut, why, _ in judged if why is not None for place in _places(cut)}
            repaired = [
                {p for cut, why, _ in judged if why is None and cut.cut_on is on for p in _places(cut)} for on in Role
            ]
            skipped |= set.intersection(*repaired)
            again: list[JudgedCut] = [
                (cut, SkipReason.CUT_UNCLEAR, "") if why is None and skipped & _places(cut) else (cut, why, detail)
                for cut, why, detail in judged
            ]
            if again == judged:
                return judged
            judged = again

    def _concerns_plan(self, cut: Cut) -> bool:
        """Say whether a plan has to decide it: pieces that only the source has are copied like other rows."""
        alone = cut.state is CutState.NO_WHOLE and cut.cut_on is self.observation.source
        return not alone or self.policy.both_directions

    def _skip_reason(
        self, table: TableObservation, cut: Cut, changing: frozenset[Bucket]
    ) -> tuple[SkipReason | None, str]:
        """Return why a cut is skipped; None if it is repaired."""
        if table.spec.synced_by is not SyncedBy.COPYING:
            return SkipReason.NOT_COPIED, table.spec.synced_why
        if cut.state is not CutState.WHOLE:
            return SKIP_REASONS[cut.state], ""
        if not self.policy.both_directions and cut.cut_on is not self.observation.target:
            return SkipReason.CUT_ON_SOURCE, ""
        if self.policy.only_adds:
            return SkipReason.FILL_ONLY, ""
        if cut.buckets & changing:
            return SkipReason.CHANGING, ""
        return self._unarchived(cut)

    def _unarchived(self, cut: Cut) -> tuple[SkipReason | None, str]:
        """Return why the interval in which the whole ends is not known to be archived, or None (rule 6)."""
        end = max(row.end for row in cut.others if row.end is not None)
        for facts in self.observation.facts:
            status = facts.archived(cut.acd or 0, Archive.EVENT)
            if status.until is None:
                return SkipReason.UNARCHIVED, f"on {facts.role} its archive {status.problem}"
            if status.until < ceil_to(end, self.observation.length(cut.acd)):
                return SkipReason.UNARCHIVED, f"{facts.role} has archived up to {status.until:%Y-%m-%d %H:%M}"
        return None, ""


def _places(cut: Cut) -> set[tuple[Bucket, GroupKey]]:
    return {(row.bucket, row.group_key) for _, row in cut.differing}


def _span(cut: Cut) -> tuple[Window, ...]:
    return (cut.span,) if cut.span is not None else ()


def _with_cuts(into: Role, decision: Decision, groups: _GroupDecisions) -> Iterator[tuple[Role, Decision]]:
    """Yield the decisions on one bucket, each with the server it writes to."""
    bucket = decision.drift.bucket
    servers = [role for role in (into, into.other) if groups.repaired.get((role, bucket))]
    if not servers:
        skipped = tuple(groups.skipped.get((into, bucket), ()))
        # Skipped cuts are reported once for each reason, not with their buckets.
        if not (decision.drift.only_cuts or (skipped and not _more_to_write(into, decision, groups))):
            yield into, _skipping(decision, skipped)
        return
    yield from _others(into, decision, groups, servers)
    for server in servers:
        drift = decision.drift if server is into else reversed_drift(decision.drift)
        counts = _replacing_counts(groups.counts[server, bucket])
        others = OTHERS_BY_ACTION[decision.action] if decision.action and server is into else OtherGroups.LEAVE
        if others is not OtherGroups.LEAVE:
            counts = _with_others(drift, counts, others)
        repair = Decision(
            drift=replace(drift, counts=counts),
            action=Action.REPAIR_CUTS,
            skipped_groups=(
                *groups.skipped.get((server, bucket), ()),
                *groups.repaired.get((server.other, bucket), ()),
            ),
            repaired_groups=tuple(groups.repaired[server, bucket]),
            other_groups=others,
        )
        yield server, repair


def _others(
    into: Role, decision: Decision, groups: _GroupDecisions, servers: Sequence[Role]
) -> Iterator[tuple[Role, Decision]]:
    """Yield the decision on the rows of a bucket that no outage cut, unless they are written with those it cut."""
    drift, bucket = decision.drift, decision.drift.bucket
    repaired = sum(_replacing_counts(groups.counts[server, bucket]).total for server in servers)
    if drift.only_cuts or drift.counts.total <= repaired:
        return
    if decision.action is None:
        yield into, decision
    elif into not in servers and _more_to_write(into, decision, groups):
        # A group that is repaired on the other server has its pieces there: nothing to copy from.
        untouched = (*groups.skipped.get((into, bucket), ()), *groups.repaired[into.other, bucket])
        yield into, _skipping(decision, untouched)


def _more_to_write(into: Role, decision: Decision, groups: _GroupDecisions) -> bool:
    """Say whether anything of a bucket is written apart from skipped cuts."""
    if decision.action is None:
        return False
    counts, bucket = decision.drift.counts, decision.drift.bucket
    added = counts.missing + counts.changed - groups.skipped_rows[into.other, bucket]
    deleted = counts.extra + counts.changed - groups.skipped_rows[into, bucket]
    return added > 0 or (OTHERS_BY_ACTION[decision.action] is OtherGroups.REPLACE and deleted > 0)


def _skipping(decision: Decision, groups: tuple[GroupKey, ...]) -> Decision:
    """Return a decision that skips some key groups."""
    if not groups or decision.action is None:
        return decision
    by_group = Action.ADD_GROUPS if OTHERS_BY_ACTION[decision.action] is OtherGroups.ADD else Action.REPLACE_GROUPS
    return replace(decision, action=by_group, skipped_groups=(*decision.skipped_groups, *groups))


def _replacing_counts(counts: Counts) -> Counts:
    """Return counts in which a whole replaces a piece in its bucket."""
    missing = max(counts.missing - counts.changed, 0)
    return Counts(missing=missing, changed=counts.changed, in_missing_groups=missing)


def _with_others(drift: BucketDrift, cut: Counts, others: OtherGroups) -> Counts:
    """Return the counts of a bucket in which other rows are written, too."""
    if others is OtherGroups.REPLACE:
        return drift.counts
    more = max(drift.counts.in_missing_groups - cut.in_missing_groups, 0)
    return Counts(missing=cut.missing + more, changed=cut.changed, in_missing_groups=cut.in_missing_groups + more)
