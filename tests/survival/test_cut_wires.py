"""Cut or stalled at any message of a step, the commit and its answer included, a run comes to the same end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncengine.model.pair import Role
from syncengine.servers.protocol import Server
from tests.examples import SOAKING, some_of
from tests.interference import Interference, interfere
from tests.servers.derby.faults import Action, Cut, Drop, Fault, LoseAnswer, Stall
from tests.servers.postgresql.relay import Cut as CommitCut
from tests.servers.postgresql.relay import relayed
from tests.survival.children import opened
from tests.survival.conftest import KINDS, Made
from tests.survival.live import LiveStage
from tests.survival.outages import Outages
from tests.survival.scenes import SETTINGS

MOST = 120
"""More messages than a step has."""
AT_COMMIT: dict[str, Action] = {
    "commit not sent": Drop(),
    "commit cut": Cut(of="request"),
    "answer lost": LoseAnswer(),
    "answer cut": Cut(),
    "commit slow": Stall(seconds=0.3),
    "answer slow": Stall(seconds=0.3, of="reply"),
}
STALLED = ("UPDATE", "DELETE", "INSERT")
EVERY = 1 if SOAKING else 7
"""Of how many messages one is cut."""
TURNS = 2 if SOAKING else 1
"""How often each message is cut: lost before it is sent and after it was answered, in turn with its neighbours."""
ONE_STEP: dict[str, Any] = {"tables": ("hsplit",), "window": "2000-06-05 05:00..05:29"}


def armed(monkeypatch: pytest.MonkeyPatch, stage: LiveStage) -> list[Fault]:
    """Have the faults of the list that is returned armed when a transaction is about to begin, each once.

    Those that were not due when it is committed return to the list.
    """
    faults: list[Fault] = []
    waiting: list[Fault] = []

    def arm(_: Server) -> None:
        while faults:
            waiting.append(stage.shim.faults.add(faults.pop()))

    def disarm(*_: object) -> None:
        faults.extend(fault for fault in waiting if not stage.shim.faults.fired(fault))
        if faults:
            stage.shim.faults.clear()
        waiting.clear()

    interfere(monkeypatch, Role.SECONDARY, Interference(before_begin=arm, after_commit=disarm))
    return faults


def run_through(outages: Outages) -> None:
    """Do the plan; what it did not do by itself is resumed, and comes to the same end."""
    ran = opened(outages.stage.pair_file, outages.stage.environment).execute(outages.expected.plan)
    assert "unexpected" not in ran.outcome.stopped, ran.outcome
    if ran.outcome.done:
        assert outages.stage.target() == outages.expected.after
    outages.resumed()


@pytest.fixture(scope="module")
def one_step(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStage]:
    """Make a pair of one step once, its target an Informix."""
    folder = tmp_path_factory.mktemp("one-step")
    made = LiveStage(folder, KINDS["informix"], settings=f"{SETTINGS}limits.query_seconds = 2\n", **ONE_STEP)
    yield made
    made.end()


@pytest.fixture
def stage(one_step: LiveStage, quick: None) -> Iterator[LiveStage]:
    """Give the pair of one step, as it was made."""
    del quick
    one_step.reset()
    yield one_step
    one_step.shim.faults.clear()
    one_step.shim.release()


@pytest.mark.soak
@pytest.mark.informix
@pytest.mark.sampled
@pytest.mark.parametrize("turn", range(TURNS))
def test_cut_at_every_message(stage: LiveStage, monkeypatch: pytest.MonkeyPatch, turn: int) -> None:
    """Cut before any message of a step, or after it was done and before its answer, the run comes to the same end."""
    outages = Outages(stage, stage.expected("replace"))
    faults = armed(monkeypatch, stage)
    for nth in range(1, MOST, EVERY):
        does: Action = (Drop(), LoseAnswer())[(nth // EVERY + turn) % 2]
        faults.append(Fault(does, at="any", nth=nth))
        run_through(outages)
        stage.shim.faults.clear()
        stage.reset()
        if faults:
            break
    assert 10 < nth < MOST - EVERY


@pytest.mark.informix
@pytest.mark.sampled
@pytest.mark.parametrize("name", some_of(tuple(AT_COMMIT), 2))
def test_cut_or_stalled_at_the_commit(stage: LiveStage, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whatever becomes of the commit or its answer, it is found out, and the run comes to the same end."""
    outages = Outages(stage, stage.expected("rows"))
    fault = Fault(AT_COMMIT[name], at="commit")
    armed(monkeypatch, stage).append(fault)

    run_through(outages)

    assert stage.shim.faults.fired(fault) == 1


@pytest.mark.soak
@pytest.mark.informix
@pytest.mark.sampled
@pytest.mark.parametrize("statement", some_of(STALLED, 3))
def test_stalled_in_a_statement(stage: LiveStage, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """A statement of a step that is never answered is given up, and the run comes to the same end."""
    outages = Outages(stage, stage.expected("replace"))
    fault = Fault(Stall(), statement=statement)
    armed(monkeypatch, stage).append(fault)

    ran = opened(stage.pair_file, stage.environment).execute(outages.expected.plan)
    stage.shim.release()

    assert stage.shim.faults.fired(fault) == 1
    assert ran.outcome.done or ran.outcome.stopped
    stage.shim.faults.clear()
    outages.resumed()


@pytest.mark.postgresql
@pytest.mark.sampled
@pytest.mark.parametrize(
    ("cut", "policy"),
    some_of([(CommitCut.BEFORE, "replace"), (CommitCut.WHILE, "replace"), (CommitCut.AFTER, "rows")], 3),
)
def test_cut_at_the_commit_of_postgresql(staged: Made, quick: None, cut: CommitCut, policy: str) -> None:
    """Whether the commit arrived or not is found out, and the run comes to the same end."""
    del quick
    stage = staged("postgresql", tables=("synonyms", "agroups", "hagent"))
    with relayed(stage.port) as relay:
        stage.through(relay.port)
        outages = Outages(stage, stage.expected(policy))
        relay.cut = cut

        run_through(outages)

        assert relay.was_cut.is_set()
