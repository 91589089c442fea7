"""How a pair is opened, and the calls that need none."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

from syncengine.app.arguments import Paths, instance_of, path_of, paths_of, progress_of, refuse, text_of
from syncengine.app.pair import Pair
from syncengine.app.table_settings import checked_catalogue
from syncengine.catalogue import Catalogue, load_catalogue
from syncengine.catalogue.procedure_file import procedure_names, read_procedure
from syncengine.demo import build
from syncengine.demo.shape import DemoPair, DemoShape
from syncengine.model.filled_checklist import FilledChecklist
from syncengine.model.procedure import Procedure
from syncengine.model.progress import Progress
from syncengine.pair_file import read_pair_file
from syncengine.planning.checklist_progress import empty_checklist


def open_pair(
    pair_file: str | os.PathLike[str],
    *,
    specs: Paths = (),
    progress: Progress | None = None,
    environment: Mapping[str, str] | None = None,
    executor: Executor | None = None,
) -> Pair:
    """Return the pair a file describes; `specs` are folders of your own table specs.

    Reading the servers in parallel is done in `executor`, which is never shut down. No server is opened yet. Raises
    `PairFileError` and `SpecError`, which list every fault.
    """
    variables = os.environ if environment is None else environment
    if not (isinstance(variables, Mapping) and all(isinstance(one, str) for pair in variables.items() for one in pair)):
        # Its values may be secrets.
        refuse("environment", type(variables), "Give a mapping of names to texts, for example os.environ.")
    if executor is not None:
        instance_of(executor, Executor, "executor", "Give one of concurrent.futures, or leave it out.")
    settings = read_pair_file(path_of(pair_file, "pair_file"), variables)
    catalogue = checked_catalogue(settings, paths_of(specs, "specs"))
    return Pair(settings, catalogue, progress_of(progress), variables, executor)


def build_demo(
    into: str | os.PathLike[str],
    *,
    days: int = 36,
    acds: int = 2,
    splits: int = 12,
    agents: int = 80,
    vdns: int = 40,
    trunks: int = 120,
    seed: int = 1,
    on_stage: Callable[[str], None] | None = None,
) -> DemoPair:
    """Build a pair of embedded servers after a link outage in a folder, to try everything on.

    `on_stage` is called with a line for each stage. Raises `InputError` if the folder has a pair already.
    """
    if on_stage is not None and not callable(on_stage):
        refuse("on_stage", on_stage, "Give a function that takes a line of text.")
    shape = DemoShape(days=days, acds=acds, splits=splits, agents=agents, vdns=vdns, trunks=trunks, seed=seed)
    return build.build_pair(path_of(into, "into"), shape, progress=on_stage)


def open_catalogue(*, specs: Paths = ()) -> Catalogue:
    """Return the tables, files and sets of the catalogue, with those of your own table specs."""
    return load_catalogue(*paths_of(specs, "specs"))


def open_procedures() -> tuple[Procedure, ...]:
    """Return the guide's procedures, which `Pair.checklist` fills in."""
    return tuple(read_procedure(name) for name in procedure_names())


def bare_checklist(name: str, *, way: str = "") -> FilledChecklist:
    """Return a checklist with nothing filled in: the lines of one way, or of all."""
    return empty_checklist(read_procedure(text_of(name, "name")), text_of(way, "way"))
