"""A commit whose answer never came is resolved by what the target holds, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.model.errors import UnknownOutcomeError
from syncengine.model.outcome import StepState
from syncengine.servers.duckdb.server import DuckDBSession
from tests.builders import build_files, half_hours

WINDOW = "2000-06-05 05:13..05:19"


@pytest.mark.soak("False-state1", "waiting")
@pytest.mark.parametrize(("sent", "state"), [(True, StepState.DONE), (False, StepState.WAITING)])
def test_the_target_says_whether_it_was_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bool, state: StepState
) -> None:
    """A lost answer to a commit that was done counts as done; one that was not done leaves the target as it was."""
    files = build_files(
        tmp_path, primary={"hsplit": half_hours()}, secondary={"hsplit": half_hours(acdcalls=1, incomplete=1)}
    )
    before = files.bag("secondary", "hsplit", "starttime = 500")
    commit = DuckDBSession.commit

    def lose_the_answer(session: DuckDBSession) -> None:
        if sent:
            commit(session)
        raise UnknownOutcomeError("secondary: the link dropped while committing.")

    plan = files.open().plan_resync(window=WINDOW, tables=("hsplit",))
    monkeypatch.setattr(DuckDBSession, "commit", lose_the_answer)
    result = files.open().execute(plan)

    now = files.bag("secondary", "hsplit", "starttime = 500")
    assert [step.state for step in result.outcome.steps] == [state]
    assert (now == files.bag("primary", "hsplit", "starttime = 500")) is sent
    assert (now == before) is not sent
