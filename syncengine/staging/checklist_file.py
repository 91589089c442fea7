"""The progress of each checklist of a pair: `checklists/NAME.json`, written beside and renamed, used only if intact."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from syncengine.model.errors import StagingError
from syncengine.model.filled_checklist import ChecklistRecord
from syncengine.model.hooks import HookRecord
from syncengine.model.names import command
from syncengine.staging.documents import read_document, write_document
from syncengine.staging.durable import make_folder
from syncengine.staging.errors import damaged, staging_errors

CHECKLISTS = "checklists"
"""The folder of the files."""
VERSION = 1
LOST = "it is no longer known which of its lines were ticked"
RECORD = TypeAdapter(ChecklistRecord)


class _Versioned(BaseModel):
    model_config = ConfigDict(extra="ignore")

    version: int
    checklist: dict[str, object]


@dataclass(frozen=True, slots=True)
class ChecklistFile:
    """The saved progress of one checklist of a pair. Writing it requires the pair's lock."""

    staging: Path
    name: str

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.staging / CHECKLISTS / f"{self.name}.json"

    def load(self) -> ChecklistRecord | None:
        """Return what is saved, or None where the checklist was not begun.

        Raises `StagingError` where it is damaged, or a later release wrote it.
        """
        if not self.path.exists():
            return None
        try:
            data = read_document(self.path, about=self.path.name, lost=LOST)
            found = _Versioned.model_validate_json(data)
            if found.version > VERSION:
                raise StagingError(f"{self.path} was written by a later release of syncengine.")
            return RECORD.validate_python(found.checklist, strict=False)
        except ValidationError as error:
            raise StagingError(damaged(self.path, LOST).message, hint=self._hint) from error
        except StagingError as error:
            raise StagingError(error.message, hint=self._hint) from error

    def save(self, record: ChecklistRecord) -> None:
        """Save its progress, durably when this returns; the previous state stays where that fails."""
        with staging_errors(self.staging):
            make_folder(self.path.parent)
        text = _Versioned(version=VERSION, checklist=RECORD.dump_python(record, mode="json")).model_dump_json(indent=1)
        write_document(self.path, text, about=self.path.name)

    @property
    def _hint(self) -> str:
        again = command("checklist", self.name, "--anew")
        return f"`{again}` starts it again; then tick what is done."


def hooks_of_checklists(staging: Path) -> tuple[HookRecord, ...]:
    """Return the records of the hooks of all checklists; none of a damaged one, which the command itself reports."""
    found: list[HookRecord] = []
    for path in sorted((staging / CHECKLISTS).glob("*.json")):
        with suppress(StagingError, OSError):
            record = ChecklistFile(staging, path.stem).load()
            found += record.hooks if record is not None else ()
    return tuple(found)
