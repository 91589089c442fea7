"""The tiny pair as two files, restored for each case so that a plan made once fits them all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from tests.builders import Files
from tests.mixed_plans import mixed_plan
from tests.survival.children import opened
from tests.survival.scenes import TABLES, WINDOW, Expected, RowsByBucket, build, rows_of_file


@dataclass
class EmbeddedStage:
    """Two files and their originals."""

    folder: Path
    settings: str | None = None

    def __post_init__(self) -> None:
        self.files: Files = (
            build(self.folder / "pair")
            if self.settings is None
            else build(self.folder / "pair", settings=self.settings)
        )
        self.originals = self.folder / "originals"
        shutil.copytree(self.files.folder, self.originals)

    @property
    def pair_file(self) -> Path:
        """The pair file."""
        return self.files.pair_file

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    @property
    def staging(self) -> Path:
        """The staging folder."""
        return self.files.folder / "pair.staging"

    def reset(self) -> None:
        """Copy the originals into the same files, which stay the same servers by that."""
        shutil.rmtree(self.staging, ignore_errors=True)
        for role in Role:
            file = self.files.database(role)
            file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
            shutil.copyfile(self.originals / file.name, file)

    def target(self) -> RowsByBucket:
        """Return the rows of the secondary."""
        return rows_of_file(self.files.database(Role.SECONDARY))

    def source(self) -> bytes:
        """Return the file of the primary, which nothing may write to."""
        return self.files.database(Role.PRIMARY).read_bytes()

    def planned(self, policy: str) -> Plan:
        """Plan the resync."""
        return mixed_plan(opened(self.pair_file, self.environment), window=WINDOW, tables=TABLES, policy=policy)

    def expected(self, policy: str) -> Expected:
        """Return the target's rows after the resync, and restore it."""
        self.reset()
        plan = self.planned(policy)
        before = self.target()
        assert opened(self.pair_file, self.environment).execute(plan).outcome.done
        after = self.target()
        self.reset()
        return Expected(plan, before, after)
