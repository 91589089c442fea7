"""Tables that a comparison of single ACDs leaves out, since their rows have no ACD, and what to type (rule 3)."""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.model.drift import Observation
from syncengine.model.names import command
from syncengine.model.pair import Role
from syncengine.model.sentences import listed
from syncengine.model.spec import DataClass

WITHOUT_ACD = "its rows have no ACD, and are compared only with all ACDs"
NAMED = 4


def without_acd_notes(observation: Observation) -> Iterator[str]:
    """Yield a note on tables that an observation of single ACDs does not include, since their rows have no ACD.

    High Availability guide, chapter 3, Dictionary Changes: a restore of one ACD's administration leaves out
    calculations and constants, which go with system administration.
    """
    rest = [table.spec for table in observation.without_acd]
    if not rest:
        return
    names = listed([f"{spec.name} ({spec.summary[0].lower()}{spec.summary[1:]})" for spec in rest], NAMED)
    then = "leave `acds=` out to compare them"
    if len(rest) <= NAMED and all(spec.data_class is DataClass.SYSTEM for spec in rest):
        source = ("--from", "secondary") if observation.source is Role.SECONDARY else ()
        tables = (word for spec in rest for word in ("--table", spec.name))
        subject = "it goes" if len(rest) == 1 else "they go"
        then = f"{subject} with system administration: `{command('sync', *tables, *source, '--dry-run')}`"
    yield f"not compared, since their rows have no ACD: {names}; {then}"
