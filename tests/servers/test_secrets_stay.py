"""Values that may contain a password cannot be pickled, and pickled values contain none."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

import syncengine
from syncengine.app import Pair
from syncengine.jobs.connections import Connections
from syncengine.jobs.hook_commands import HookCommands
from syncengine.model.errors import ServerError
from syncengine.model.pair import PairSettings, ServerSettings
from syncengine.pair_file import read_pair_file
from syncengine.servers.url import ServerUrl
from syncengine.staging.ledger import Ledger
from tests.builders import Files, build_files
from tests.scenes import WINDOW, trunks

PLACE = "s3cret-Pl4ce"


def secretive(folder: Path) -> tuple[Files, Path]:
    """Build a pair whose urls take a secret from the environment, and return its files and its pair file."""
    files = build_files(
        folder / PLACE,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530)},
    )
    pair_file = folder / "pair.toml"
    pair_file.write_text(files.pair_file.read_text().replace("duckdb:///", "duckdb:///${A_PLACE}/"))
    return files, pair_file


def holders(pair_file: Path) -> Iterator[object]:
    """Yield what may hold a secret of a pair's, but for servers."""
    settings: PairSettings = read_pair_file(pair_file, {"A_PLACE": PLACE})
    primary: ServerSettings = settings.primary
    yield from (settings, primary, primary.mask)
    yield ServerUrl("host", 1, "cms", "cms", PLACE)
    yield Connections(settings, Ledger(settings.staging), HookCommands(settings, {}))
    yield HookCommands(settings, {"A_PLACE": PLACE})
    pair: Pair = syncengine.open_pair(pair_file, environment={"A_PLACE": PLACE})
    yield pair


def test_what_may_hold_a_secret_is_not_pickled(tmp_path: Path) -> None:
    """Settings, the pair and what it opens servers with say that the path of the pair file is to be handed over."""
    _, pair_file = secretive(tmp_path)
    for one in holders(pair_file):
        for leave in (pickle.dumps, copy.copy):
            with pytest.raises(
                TypeError, match=rf"^{type(one).__name__} may contain a password and cannot be pickled: pass the path"
            ):
                leave(one)


def test_what_is_pickled_holds_no_secret(tmp_path: Path) -> None:
    """An observation, a plan, what became of it, a run and an error are pickled whole, and without what the url has."""
    files, pair_file = secretive(tmp_path)
    pair = syncengine.open_pair(pair_file, environment={"A_PLACE": PLACE})

    observation = pair.verify(window=WINDOW, tables="htrunk")
    plan = pair.plan_resync(window=WINDOW, tables="htrunk")
    ran = pair.execute(plan)
    values = (observation, plan, ran, pair.run(), pair.outages(), pair.check(), pair.status())
    (files.pair_file.parent / "secondary.duckdb").write_bytes(b"no database")
    with pytest.raises(ServerError) as broken:
        pair.verify(window=WINDOW, tables="htrunk")

    for one in (*values, broken.value):
        pickled = pickle.dumps(one)
        assert PLACE.encode() not in pickled
        assert isinstance(one, ServerError) or pickle.loads(pickled) == one  # noqa: S301  # our own
