"""From a bucket that differs to its rows."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.jobs.connections import Connections
from syncengine.model.bucket_rows import BucketRows
from syncengine.model.drift import BucketDrift, Observation, TableObservation
from syncengine.model.errors import InputError
from syncengine.model.names import folded
from syncengine.model.pair import PairSettings
from syncengine.observe.columns import ColumnsVerdict
from syncengine.observe.comparison import Comparison
from syncengine.observe.expected_differences import Expectations
from syncengine.observe.rows import rows_of
from syncengine.observe.server_threads import server_threads
from syncengine.staging.cache import Cache


@dataclass(frozen=True, slots=True)
class DriftRows:
    """Reads the rows of buckets that differ."""

    settings: PairSettings
    connections: Connections

    def read(self, observation: Observation, table: TableObservation, drift: BucketDrift, limit: int) -> BucketRows:
        """Return up to `limit` rows of each kind; raises `ChangedSincePlanError` where the bucket has changed."""
        if table not in observation.tables or drift not in table.differing:
            raise InputError(
                "That bucket of that table does not differ in this observation.",
                hint="Give one of its tables, and one of the table's `differing`.",
            )
        with (
            self.connections.servers(frozenset()) as servers,
            server_threads(servers.values()) as pool,
            Cache.of(self.settings) as cache,
        ):
            if {servers[one.role].describe().identity == one.identity for one in observation.facts} != {True}:
                raise InputError(
                    "That observation is of other servers than those of this pair.", hint="Verify it again."
                )
            comparison = Comparison(
                spec=table.spec,
                verdict=ColumnsVerdict(table.state, all_columns=table.all_columns, compared=table.compared),
                source=servers[observation.source],
                target=servers[observation.target],
                facts=observation.facts,
                cache=cache,
                pool=pool,
                limits=self.settings.limits,
                seed=observation.seed,
                every_row=False,
                zone=observation.zone,
                excluded=table.excluded,
                expectations=Expectations(
                    rows=tuple(one for one in self.settings.expected if one.table == folded(table.spec.name))
                ),
            )
            return rows_of(comparison, drift, limit)
