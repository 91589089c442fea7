"""Decides what becomes of logins, calls and states that an outage has cut (rule 4): all of one, or nothing. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncengine.model.bucket import Bucket
from syncengine.model.cuts import Cut, CutState
from syncengine.model.drift import BucketDrift, Counts, GroupPlace, Observation, TableObservation
from syncengine.model.grain import Archive
from syncengine.model.interval import ceil_to
from syncengine.model.pair import Role
from syncengine.model.plan import Action, KeptBack, KeptWhy, Others
from syncengine.model.policy import Policy
from syncengine.model.spans import joined
from syncengine.model.spec import Kept
from syncengine.model.window import Window
from syncengine.planning.bucket_decisions import Decided, Decision
from syncengine.planning.reconcile import turned

LEFT = {
    CutState.NOT_OVER: KeptWhy.CUT_NOT_OVER,
    CutState.NO_WHOLE: KeptWhy.CUT_NO_WHOLE,
    CutState.ON_BOTH: KeptWhy.CUT_ON_BOTH,
    CutState.UNCLEAR: KeptWhy.CUT_UNCLEAR,
}
OF_OTHERS = {
    Action.REPLACE_BUCKETS: Others.REPLACE,
    Action.REPLACE_GROUPS: Others.REPLACE,
    Action.ADD_BUCKETS: Others.ADD,
    Action.ADD_GROUPS: Others.ADD,
}


BESIDE = "a login beside it is repaired on the other server"
Judged = tuple[Cut, KeptWhy | None, str]
"""A cut, why it is left if it is, and more of that."""


@dataclass(slots=True)
class _Groups:
    """What becomes of the key groups of one table, by bucket."""

    repaired: dict[tuple[Role, Bucket], dict[GroupPlace, None]] = field(default_factory=lambda: defaultdict(dict))
    """By the server they are repaired on."""
    spared: dict[tuple[Role, Bucket], dict[GroupPlace, None]] = field(default_factory=lambda: defaultdict(dict))
    """By the server they are left on."""
    counts: dict[tuple[Role, Bucket], Counts] = field(default_factory=lambda: defaultdict(Counts))
    left: dict[tuple[Role, Bucket], int] = field(default_factory=lambda: defaultdict(int))
    """Rows of what is left, by the server that holds them."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """What a plan does about cuts. `policy` decides in which direction anything is written at all."""

    observation: Observation
    judged: Mapping[str, Sequence[Judged]]
    """By table."""

    @classmethod
    def of(cls, observation: Observation, policy: Policy) -> Cutting:
        """Judge every cut that was found."""
        judging = _Judging(observation, policy)
        return cls(observation, {table.spec.name: judging.judged(table) for table in observation.tables})

    def decided(self, decided: Iterable[Decided]) -> Iterator[Decided]:
        """Yield decisions in which what was cut is repaired as a whole, or left as a whole."""
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

    def kept(self, table: TableObservation) -> Iterator[KeptBack]:
        """Yield what is cut and left, and why: those of one ACD and reason as one."""
        groups: dict[tuple[int | None, KeptWhy, str], list[Cut]] = defaultdict(list)
        for cut, why, detail in self.judged[table.spec.name]:
            if why is not None:
                groups[cut.acd, why, detail].append(cut)
        for (acd, why, detail), cuts in groups.items():
            length = self.observation.length(acd)
            spans = joined(span.aligned(length) for cut in cuts for span in (cut.outages or _span(cut)))
            rows = sum(row.rows for cut in cuts for row in cut.pieces)
            whole = sum(row.rows for cut in cuts for row in cut.others if not row.on_both)
            yield KeptBack(table.spec.name, acd, why, spans, Counts(missing=whole, extra=rows), detail)


def _groups(judged: Iterable[Judged]) -> _Groups:
    found = _Groups()
    for cut, why, _ in judged:
        for role, row in cut.differing:
            if why is None:
                place = (cut.cut_on, row.bucket)
                found.repaired[place][row.place] = None
                piece = role is cut.cut_on
                found.counts[place] += Counts(changed=row.rows) if piece else Counts(missing=row.rows)
            else:
                found.left[role, row.bucket] += row.rows
                # Where the other server holds nothing of it there is nothing beside which pieces could be added.
                for server in (cut.cut_on,) if cut.state is CutState.NO_WHOLE else Role:
                    found.spared[server, row.bucket][row.place] = None
    return found


@dataclass(frozen=True, slots=True)
class _Judging:
    """Decides which cuts are repaired."""

    observation: Observation
    policy: Policy

    def judged(self, table: TableObservation) -> list[Judged]:
        """Return each cut with why it is left, None where it is repaired.

        One that has a key group in common with one that is left is left as well: groups are written as a whole.
        """
        moving = frozenset(drift.bucket for drift in table.differing if drift.moving)
        judged: list[Judged] = [(cut, *self._left(table, cut, moving)) for cut in table.cuts if self._matters(cut)]
        while True:
            left = {place for cut, why, _ in judged if why is not None for place in _places(cut)}
            again: list[Judged] = [
                (cut, KeptWhy.CUT_UNCLEAR, "") if why is None and left & _places(cut) else (cut, why, detail)
                for cut, why, detail in judged
            ]
            if again == judged:
                return judged
            judged = again

    def _matters(self, cut: Cut) -> bool:
        """Say whether it is no matter of copying alone: pieces that only the source holds are rows like others."""
        alone = cut.state is CutState.NO_WHOLE and cut.cut_on is self.observation.source
        return not alone or self.policy.both_directions

    def _left(self, table: TableObservation, cut: Cut, moving: frozenset[Bucket]) -> tuple[KeptWhy | None, str]:
        """Return why a cut is left as it is; None where it is repaired."""
        if table.spec.kept is not Kept.COPYING:
            return KeptWhy.NOT_COPIED, table.spec.why_kept
        if cut.state is not CutState.WHOLE:
            return LEFT[cut.state], ""
        if not self.policy.both_directions and cut.cut_on is not self.observation.target:
            return KeptWhy.CUT_ON_SOURCE, ""
        if self.policy.only_adds:
            return KeptWhy.FILL_ONLY, ""
        if cut.buckets & moving:
            return KeptWhy.MOVING, ""
        return self._unarchived(cut)

    def _unarchived(self, cut: Cut) -> tuple[KeptWhy | None, str]:
        """Return whether the interval in which the whole ends is archived on both servers (rule 6)."""
        end = max(row.end for row in cut.others if row.end is not None)
        for facts in self.observation.facts:
            status = facts.archived(cut.acd or 0, Archive.EVENT)
            if status.until is None:
                return KeptWhy.UNARCHIVED, f"on {facts.role} its archive {status.problem}"
            if status.until < ceil_to(end, self.observation.length(cut.acd)):
                return KeptWhy.UNARCHIVED, f"{facts.role} has archived up to {status.until:%Y-%m-%d %H:%M}"
        return None, ""


def _places(cut: Cut) -> set[tuple[Bucket, GroupPlace]]:
    return {(row.bucket, row.place) for _, row in cut.differing}


def _span(cut: Cut) -> tuple[Window, ...]:
    return (cut.span,) if cut.span is not None else ()


def _with_cuts(into: Role, decision: Decision, groups: _Groups) -> Iterator[tuple[Role, Decision]]:
    """Yield what becomes of one bucket, and on which server."""
    bucket = decision.drift.bucket
    servers = [role for role in (into, into.other) if groups.repaired.get((role, bucket))]
    if not servers:
        spared = tuple(groups.spared.get((into, bucket), ()))
        # What is cut and left is told with its cuts, not with its buckets.
        if not (decision.drift.only_cuts or (spared and not _more_to_write(into, decision, groups))):
            yield into, _sparing(decision, spared)
        return
    server = servers[0]
    drift = decision.drift if server is into else turned(decision.drift)
    counts = _in_order(groups.counts[server, bucket])
    others = OF_OTHERS[decision.action] if decision.action and server is into else Others.LEAVE
    if others is Others.LEAVE and not drift.only_cuts and drift.counts.total > counts.total:
        left = Decision(decision.drift, kept=KeptWhy.UNDECIDED, detail=BESIDE)
        yield into, left if decision.action else decision
    elif others is not Others.LEAVE:
        counts = _beside(drift, counts, others)
    repairing = Decision(
        drift=replace(drift, counts=counts),
        action=Action.REPAIR_CUTS,
        spared=tuple(groups.spared.get((server, bucket), ())),
        repaired=tuple(groups.repaired[server, bucket]),
        others=others,
    )
    yield server, repairing


def _more_to_write(into: Role, decision: Decision, groups: _Groups) -> bool:
    """Say whether anything of a bucket is written beside what is cut and left."""
    if decision.action is None:
        return False
    counts, bucket = decision.drift.counts, decision.drift.bucket
    added = counts.missing + counts.changed - groups.left[into.other, bucket]
    gone = counts.extra + counts.changed - groups.left[into, bucket]
    return added > 0 or (OF_OTHERS[decision.action] is Others.REPLACE and gone > 0)


def _sparing(decision: Decision, spared: tuple[GroupPlace, ...]) -> Decision:
    """Return a decision that leaves some key groups as they are."""
    if not spared or decision.action is None:
        return decision
    by_group = Action.ADD_GROUPS if OF_OTHERS[decision.action] is Others.ADD else Action.REPLACE_GROUPS
    return replace(decision, action=by_group, spared=(*decision.spared, *spared))


def _in_order(counts: Counts) -> Counts:
    """Return counts in which a whole takes the place of a piece in its bucket."""
    missing = max(counts.missing - counts.changed, 0)
    return Counts(missing=missing, changed=counts.changed, lacking=missing)


def _beside(drift: BucketDrift, cut: Counts, others: Others) -> Counts:
    """Return the counts of what is written where other rows are written, too."""
    if others is Others.REPLACE:
        return drift.counts
    more = max(drift.counts.lacking - cut.lacking, 0)
    return Counts(missing=cut.missing + more, changed=cut.changed, lacking=cut.lacking + more)
