"""Decides which administration rows may be written: by bucket, or by key group where one server changed it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from syncengine.model.drift import BucketDrift, ChangedBy, Counts, GroupChange, TableObservation
from syncengine.model.pair import Role
from syncengine.model.plan import Action, PlannedChange, SkipReason
from syncengine.model.policy import Policy
from syncengine.model.spec import SyncedBy
from syncengine.planning.bucket_decisions import Decision

BY_THE_TARGET = (ChangedBy.TARGET, ChangedBy.BOTH)
MANUAL = (SyncedBy.BY_HAND, SyncedBy.BY_SWITCH)
GROUP_REASONS = (SkipReason.CONFLICT, SkipReason.PREFERRED, SkipReason.REMOVAL)
"""Reasons to skip key groups while others of their bucket are written."""


@dataclass(frozen=True, slots=True)
class AdministrationRequest:
    """The options for administration."""

    prefer: Role | None = None
    """The server whose version is written if both changed a key group (rule 15)."""
    include_manual: bool = False
    """Also write tables that are synchronised by hand or by the switch (rule 19)."""
    remove_users: bool = False
    """Also remove users that only the target has, with their rows."""


@dataclass(frozen=True, slots=True)
class AdministrationContext:
    """What every decision about administration is made from."""

    policy: Policy
    source: Role
    request: AdministrationRequest
    protected_users: frozenset[str]
    """Users that only the target has and that must not be removed."""

    @classmethod
    def of(
        cls, policy: Policy, source: Role, request: AdministrationRequest, tables: Iterable[TableObservation]
    ) -> AdministrationContext:
        """Return it for some tables; their users are collected first."""
        owners = set() if request.remove_users else set(_only_in_target(tables))
        return cls(policy, source, request, frozenset(owners))

    def decide(self, table: TableObservation, drift: BucketDrift) -> Iterator[Decision]:
        """Yield the decisions on a bucket: except skipped groups, the target gets the source's rows (rules 2, 3)."""
        whole = self._bucket_decision(table, drift)
        if whole.action is None or table.changes is None:
            yield whole
            return
        skipped: dict[SkipReason, list[GroupChange]] = {}
        for group in _groups(table, drift):
            why = self._skip_reason(table, group)
            if why is not None:
                skipped.setdefault(why, []).append(group)
        groups = [group for ones in skipped.values() for group in ones]
        remaining = drift.counts - sum((group.counts for group in groups), Counts())
        if remaining.in_missing_groups if whole.action is Action.ADD_GROUPS else remaining.total:
            yield replace(
                whole,
                drift=replace(drift, counts=remaining),
                skipped_groups=tuple(sorted({g.group_key for g in groups}, key=str)),
            )
        for why, ones in skipped.items():
            counts = sum((group.counts for group in ones), Counts())
            yield Decision(replace(drift, counts=counts), skip_reason=why)

    def changes(self, table: TableObservation, drift: BucketDrift) -> Iterator[PlannedChange]:
        """Yield the bucket's known groups, each with the reason if it is skipped."""
        whole = self._bucket_decision(table, drift)
        for group in _groups(table, drift):
            reason = whole.skip_reason if whole.action is None else self._skip_reason(table, group)
            if reason is None and not self._writes(group):
                reason = SkipReason.FILL_ONLY
            yield PlannedChange(table.spec.name, group, reason)

    def _bucket_decision(self, table: TableObservation, drift: BucketDrift) -> Decision:
        spec = table.spec
        if drift.changing:
            return Decision(drift, skip_reason=SkipReason.CHANGING)
        if spec.synced_by is SyncedBy.NEVER or (spec.synced_by in MANUAL and not self.request.include_manual):
            return Decision(drift, skip_reason=SkipReason.NOT_COPIED, detail=spec.synced_why)
        if drift.source.rows == 0:
            return Decision(drift, skip_reason=SkipReason.SOURCE_EMPTY)
        if not self.policy.only_adds:
            return Decision(drift, Action.REPLACE_GROUPS)
        if drift.counts.in_missing_groups == 0:
            return Decision(drift, skip_reason=SkipReason.FILL_ONLY)
        return Decision(drift, Action.ADD_GROUPS)

    def _skip_reason(self, table: TableObservation, group: GroupChange) -> SkipReason | None:
        """Return why a group is skipped though its bucket is written, or None."""
        if group.changed_by in BY_THE_TARGET and self._writes(group) and self.request.prefer is not self.source:
            return SkipReason.CONFLICT if self.request.prefer is None else SkipReason.PREFERRED
        owner = table.spec.user_column
        if owner is not None and not group.source_rows and _value(group, owner) in self.protected_users:
            return SkipReason.REMOVAL
        return None

    def _writes(self, group: GroupChange) -> bool:
        """Say whether the policy writes such a group at all: fill adds those the target lacks."""
        return not self.policy.only_adds or not group.target_rows


def _groups(table: TableObservation, drift: BucketDrift) -> Iterator[GroupChange]:
    yield from (group for group in table.changes or () if group.bucket == drift.bucket)


def _only_in_target(tables: Iterable[TableObservation]) -> Iterator[str]:
    """Yield the users that only the target has, from the tables whose rows are users."""
    for table in tables:
        owner = table.spec.user_column
        if owner is None or table.spec.key != (owner,):
            continue
        for group in table.changes or ():
            if not group.source_rows and (value := _value(group, owner)) is not None:
                yield value


def _value(group: GroupChange, column: str) -> str | None:
    """Return the value of a key column as text."""
    names = [name for name, _ in group.key]
    return group.group_key[names.index(column)] if column in names else None
