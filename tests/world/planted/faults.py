"""Faults that show when servers, connections or processes fail."""

from __future__ import annotations

from tests.world.planted.planted_fault import FAULTS, PlantedFault, fault

PLANTED: tuple[PlantedFault, ...] = (
    fault(
        "unknown-commit-is-done",
        "execute/commit_outcome.py",
        "    return BatchState.ROLLED_BACK if current == [one.before for one in images] else BatchState.UNKNOWN\n",
        "    return BatchState.DONE\n",
        "a commit without an answer counts as done",
        FAULTS,
    ),
    fault(
        "unknown-commit-is-repeated",
        "execute/commit_outcome.py",
        "    if current == [one.after for one in images]:\n        return BatchState.DONE\n"
        "    return BatchState.ROLLED_BACK if current == [one.before for one in images] else BatchState.UNKNOWN\n",
        "    del current\n    return BatchState.ROLLED_BACK\n",
        "a commit without an answer counts as rolled back, and is done again",
        FAULTS,
    ),
    fault(
        "no-open-mark",
        "execute/transaction.py",
        "                    self._mark_open(batch, prepared, session)\n",
        "",
        "nothing shows that a step was begun",
        FAULTS,
    ),
    fault(
        "source-changed-unnoticed",
        "execute/preparation.py",
        '        if image_of_relation(part, self.seed, "staged_source", self.cache) != image_of_states(planned):\n',
        "        if False:\n",
        "rows that changed on the source since the plan are copied",
        FAULTS,
    ),
    fault(
        "target-changed-unnoticed",
        "execute/transaction.py",
        "        if image_of(one.part, self.seed, session, self.context.cache) != one.before:\n",
        "        if False:\n",
        "rows that changed on the target since they were journalled are overwritten",
        FAULTS,
    ),
    fault(
        "rows-locked-not-at-all",
        "execute/transaction.py",
        "            session.lock(buckets_of(one.part), table=whole_table)\n",
        "            pass\n",
        "another session writes between the comparison and the deletion",
        FAULTS,
    ),
    fault(
        "stream-cut-short-is-its-end",
        "staging/pieces.py",
        "        except BaseException as error:\n            self._raised = error\n            raise\n",
        "        except Exception:\n            return\n",
        "a read that breaks in the middle counts as read to its end",
        FAULTS,
    ),
    fault(
        "failed-batch-forgotten",
        "execute/executor.py",
        "            if not error.retry_smaller:\n                raise\n            if batch.divisible:\n",
        "            if not error.retry_smaller:\n                return True\n            if batch.divisible:\n",
        "a step that failed counts as done",
        FAULTS,
    ),
)
