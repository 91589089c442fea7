"""While the session of a killed run still lives in the server, its rows are not touched."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Typing
from tests.examples import some_of
from tests.stories.servers import MARKS
from tests.survival.children import died_of, opened
from tests.survival.conftest import Made
from tests.survival.outages import Outages
from tests.survival.scenes import SETTINGS
from tests.survival.sticking import sticking

KINDS = [pytest.param(kind, marks=MARKS[kind]) for kind in some_of(("postgresql", "informix"), 2)]
IMPATIENT = SETTINGS.replace("lock_seconds = 3", "lock_seconds = 1")


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled
@pytest.mark.parametrize("at", some_of(["committing", "inserting"], 2))
def test_resume_waits_for_a_session_that_lives(
    staged: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, at: str
) -> None:
    """Resume names the session and exits 5 while the first one may still write, and continues when it has ended."""
    typed = Typing(capsys)
    stage = staged(kind, tables=("hsplit",), settings=IMPATIENT)
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    with sticking(stage.port) as wire:
        stage.through(wire.port)
        outages = Outages(stage, stage.expected("replace"))
        wire.sticks = True
        assert died_of(outages.order(1, at)) == at
        (session,) = (
            batch.session for run in opened(stage.pair_file, stage.environment).runs() for batch in run.unresolved
        )

        output = typed("resume", "--pair", stage.pair_file)

        assert output.code == 5, output.text
        assert session in output.text
        assert "Traceback" not in output.text
        wire.release()
        outages.resumed()
