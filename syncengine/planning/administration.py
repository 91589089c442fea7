"""Decides what of administration may be written: by bucket, and by key group where one server changed it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from syncengine.model.drift import BucketDrift, ChangedBy, Counts, GroupChange, TableObservation
from syncengine.model.pair import Role
from syncengine.model.plan import Action, KeptWhy, PlannedChange
from syncengine.model.policy import Policy
from syncengine.model.spec import Kept
from syncengine.planning.bucket_decisions import Decision

BY_THE_TARGET = (ChangedBy.TARGET, ChangedBy.BOTH)
MANUAL = (Kept.BY_HAND, Kept.BY_SWITCH)
OF_GROUPS = (KeptWhy.CONFLICT, KeptWhy.PREFERRED, KeptWhy.REMOVAL)
"""Why key groups are left as they are while others of their bucket are written."""


@dataclass(frozen=True, slots=True)
class AdministrationWishes:
    """What the user has told of administration."""

    prefer: Role | None = None
    """Whose version of a key group wins that the target has changed, too (rule 15)."""
    include_manual: bool = False
    """Also write what is kept in step by hand or by the switch (rule 19)."""
    remove_users: bool = False
    """Also remove rows that are removed only when told."""


@dataclass(frozen=True, slots=True)
class Administering:
    """What every decision about administration is made from."""

    policy: Policy
    source: Role
    wishes: AdministrationWishes
    kept_owners: frozenset[str]
    """Users that only the target has, and that are not to be removed."""

    @classmethod
    def of(
        cls, policy: Policy, source: Role, wishes: AdministrationWishes, tables: Iterable[TableObservation]
    ) -> Administering:
        """Return it for some tables, whose users are looked at first."""
        owners = set() if wishes.remove_users else set(_only_in_target(tables))
        return cls(policy, source, wishes, frozenset(owners))

    def decide(self, table: TableObservation, drift: BucketDrift) -> Iterator[Decision]:
        """Yield what happens to a bucket: the target ends with the source's rows (rules 2, 3), but for some groups."""
        whole = self._whole(table, drift)
        if whole.action is None or table.changes is None:
            yield whole
            return
        spared: dict[KeptWhy, list[GroupChange]] = {}
        for group in _groups(table, drift):
            why = self._spared(table, group)
            if why is not None:
                spared.setdefault(why, []).append(group)
        groups = [group for ones in spared.values() for group in ones]
        left = drift.counts - sum((group.counts for group in groups), Counts())
        if left.lacking if whole.action is Action.ADD_GROUPS else left.total:
            yield replace(
                whole, drift=replace(drift, counts=left), spared=tuple(sorted({g.place for g in groups}, key=str))
            )
        for why, ones in spared.items():
            counts = sum((group.counts for group in ones), Counts())
            yield Decision(replace(drift, counts=counts), kept=why)

    def changes(self, table: TableObservation, drift: BucketDrift) -> Iterator[PlannedChange]:
        """Yield what is known of the bucket's groups, and what becomes of each."""
        whole = self._whole(table, drift)
        for group in _groups(table, drift):
            kept = whole.kept if whole.action is None else self._spared(table, group)
            if kept is None and not self._touched(group):
                kept = KeptWhy.FILL_ONLY
            yield PlannedChange(table.spec.name, group, kept)

    def _whole(self, table: TableObservation, drift: BucketDrift) -> Decision:
        spec = table.spec
        if drift.moving:
            return Decision(drift, kept=KeptWhy.MOVING)
        if spec.kept is Kept.NEVER or (spec.kept in MANUAL and not self.wishes.include_manual):
            return Decision(drift, kept=KeptWhy.NOT_COPIED, detail=spec.why_kept)
        if drift.source.rows == 0:
            return Decision(drift, kept=KeptWhy.SOURCE_EMPTY)
        if not self.policy.only_adds:
            return Decision(drift, Action.REPLACE_GROUPS)
        if drift.counts.lacking == 0:
            return Decision(drift, kept=KeptWhy.FILL_ONLY)
        return Decision(drift, Action.ADD_GROUPS)

    def _spared(self, table: TableObservation, group: GroupChange) -> KeptWhy | None:
        """Return why a group is not to be written though its bucket is, or None."""
        if group.changed_by in BY_THE_TARGET and self._touched(group) and self.wishes.prefer is not self.source:
            return KeptWhy.CONFLICT if self.wishes.prefer is None else KeptWhy.PREFERRED
        owner = table.spec.removed_when_told
        if owner is not None and not group.source_rows and _value(group, owner) in self.kept_owners:
            return KeptWhy.REMOVAL
        return None

    def _touched(self, group: GroupChange) -> bool:
        """Say whether the policy writes such a group at all: fill adds those the target lacks."""
        return not self.policy.only_adds or not group.target_rows


def _groups(table: TableObservation, drift: BucketDrift) -> Iterator[GroupChange]:
    yield from (group for group in table.changes or () if group.bucket == drift.bucket)


def _only_in_target(tables: Iterable[TableObservation]) -> Iterator[str]:
    """Yield who only the target has, from the tables whose rows are the users themselves."""
    for table in tables:
        owner = table.spec.removed_when_told
        if owner is None or table.spec.key != (owner,):
            continue
        for group in table.changes or ():
            if not group.source_rows and (value := _value(group, owner)) is not None:
                yield value


def _value(group: GroupChange, column: str) -> str | None:
    """Return the value of a key column as text."""
    names = [name for name, _ in group.key]
    return group.place[names.index(column)] if column in names else None
