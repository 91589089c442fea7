"""How a pair is opened: its file is read, and the catalogue fitted to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path

from syncengine.app.pair import Pair
from syncengine.app.table_settings import fitting_catalogue
from syncengine.model.progress import Progress, Silent
from syncengine.pair_file import read_pair_file


def open_pair(
    pair_file: str | Path,
    *,
    specs: tuple[Path, ...] = (),
    progress: Progress | None = None,
    environment: Mapping[str, str] = os.environ,
    executor: Executor | None = None,
) -> Pair:
    """Return the pair a file describes; `specs` are folders of table specs of one's own.

    What reads the servers and need not be done here is given to `executor`, which is never shut down.
    """
    settings = read_pair_file(Path(pair_file), environment)
    return Pair(settings, fitting_catalogue(settings, specs), progress or Silent(), environment, executor)
