"""Oracle 7: every ending is one of the documented exit codes with a sentence; never a trace, and no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from syncengine.model.drift import Observation
from syncengine.model.errors import SyncError, UnknownTableError, WindowError
from syncengine.model.verified_run import VerifiedRun
from tests.world.ending import Ending
from tests.world.oracle import Violation
from tests.world.oracle.compared import Judged
from tests.world.oracle.requested import options_of
from tests.world.values import SERVERS, Added, FaultKind, Restored, ServerDown, Unreadable, Upgraded

ORACLE = 7
CODES = frozenset((0, 1, 2, 3, 4, 5, 130))
"""Those of docs/reference/exit-codes.md."""
CODES_OF_ERRORS: Mapping[str, int] = {
    "InputError": 2,
    "RefusedError": 4,
    "OccupiedError": 4,
    "ServerError": 1,
    "OutputError": 1,
    "ExecutorError": 1,
    "HookFailedError": 1,
    "StagingError": 1,
    "ChangedSincePlanError": 5,
    "StillOpenError": 5,
    "CancelledError": 130,
}
"""The table of that page, of the classes that others derive from."""
OWN_CODES: Mapping[str, frozenset[int]] = {
    "status": frozenset((0, 1, 2, 3, 5, 130)),
    "verify": frozenset((0, 1, 2, 3, 130)),
    "check": frozenset((0, 1, 2, 3, 130)),
    "runs": frozenset((0, 1, 2, 130)),
    "report": frozenset((0, 1, 2, 130)),
    "tables": frozenset((0, 1, 2, 130)),
    "outages": frozenset((0, 1, 2, 3, 4, 130)),
}
"""What that page says of commands that cannot end with every code."""
TRACE = re.compile(
    r"Traceback \(most recent call last\)|This is a fault of syncengine|\bat 0x[0-9a-f]{6,}|^\s+File \"", re.M
)
SECRET = re.compile(r"://[^/\s:@]*:(?P<secret>[^/\s@]+)@|(?i:password|secret|token)=(?P<value>[^;&\s]+)")
WRITES_NOTHING = frozenset((2, 4))


def judge_endings(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield where a command did not end as it is documented."""
    for text in _faults(world, ending):
        yield Violation(ORACLE, f"{' '.join(ending.words)}: {text}")


def _faults(world: Judged, ending: Ending) -> Iterator[str]:
    if ending.died:
        return
    if ending.code not in CODES:
        yield f"exit code {ending.code} is not documented"
    elif ending.code not in OWN_CODES.get(ending.words[0], CODES):
        yield f"exit code {ending.code} is not documented for it"
    texts = list(_texts(ending))
    for text in texts:
        if found := TRACE.search(text):
            yield f"a trace: {text[max(0, found.start() - 80) : found.end() + 400]}"
            break
    for server in SERVERS:
        for found in SECRET.finditer(world.site.databases[server].url):
            secret = found["secret"] or found["value"]
            if any(secret in text for text in texts):
                yield f"it prints the secret of the url of {server}"
    if ending.error is not None:
        yield from _error(ending, ending.error)
    elif ending.command.typed:
        yield from _typed(ending)
    elif ending.result is None and ending.code not in (0, None) and not ending.said.strip():
        yield f"it ended with {ending.code} without a sentence"
    if ending.plans and "lies in the future" in " ".join(ending.said.split()):
        # Before there is a plan it is true where our own clock is slow.
        yield "a plan was made for a time that then is said to lie in the future"
    yield from _nothing_written(ending)
    yield from _reason(world, ending)


def _texts(ending: Ending) -> Iterator[str]:
    yield ending.said
    if ending.error is not None:
        yield str(ending.error)
    if ending.document is not None:
        yield from _strings(ending.document)
    match ending.result:
        case VerifiedRun(outcome=outcome, notes=notes):
            yield from (outcome.stopped, *notes, *(step.why for step in outcome.steps))
        case Observation(notes=notes, tables=tables):
            yield from (*notes, *(table.problem for table in tables))
        case _:
            pass


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)
        case _:
            pass


def _error(ending: Ending, error: BaseException) -> Iterator[str]:
    if isinstance(error, KeyboardInterrupt):
        if ending.code != 130:
            yield f"it was stopped, and ended with {ending.code}"
        return
    if not isinstance(error, SyncError):
        yield f"{type(error).__name__} is not an error of syncengine: {error}"
        return
    yield from _sentence(error.message)
    wanted = next(
        (CODES_OF_ERRORS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in CODES_OF_ERRORS), 1
    )
    if ending.code != wanted:
        yield f"{type(error).__name__} stands for {wanted}, and it ended with {ending.code}"
    if isinstance(error, WindowError | UnknownTableError) and not error.hint.strip():
        yield f"nothing says what to type instead: {error.message}"


def _sentence(text: str) -> Iterator[str]:
    text = text.strip()
    if not text:
        yield "the message is empty"
    elif text[-1] not in ".:?!)'\"`":
        yield f"the message is no sentence: {text}"


def _typed(ending: Ending) -> Iterator[str]:
    if ending.code in (1, 2, 4, 5, 130) and not ending.said.strip():
        yield f"it ended with {ending.code} and printed nothing"
    if "--json" in (name for name, _ in options_of(ending.words[1:])):
        document = ending.document
        if document is None:
            # What typer refuses, before a command begins, has no document.
            if ending.code not in (2, 130):
                yield "--json, and no document"
            return
        if not str(document.get("format", "")).startswith("syncengine.") or "version" not in document:
            yield "the document names no format and version"
        if document.get("format") == "syncengine.error":
            if document.get("code") != ending.code:
                yield f"the document says code {document.get('code')}, and it ended with {ending.code}"
            yield from _sentence(str(document.get("message", "")))
        elif ending.code in (2, 130):
            yield f"it ended with {ending.code}, and its document is {document.get('format')}"
    elif ending.code == 2 and not re.search(r"--|['`]", ending.said):
        yield f"nothing says what to type instead: {ending.said.strip()[-300:]}"


def _nothing_written(ending: Ending) -> Iterator[str]:
    """Yield where rows changed though bad input was refused, or a rule forbade it."""
    quiet = ending.before.at == ending.after.at and FaultKind.OTHER_COMMITS not in ending.faults
    if ending.code not in WRITES_NOTHING or not quiet:
        return
    for server in SERVERS:
        before, after = ending.before.bags[server], ending.after.bags[server]
        for table in sorted(before.keys() | after.keys()):
            if before.get(table) != after.get(table):
                yield f"it ended with {ending.code}, and {table} of {server} has changed"


def _reason(world: Judged, ending: Ending) -> Iterator[str]:
    """Yield where it ended with a failure, or as partly done, and nothing failed."""
    scenario = world.scenario
    trouble = (ServerDown, Unreadable, Upgraded, Added, Restored)
    if scenario.faults or any(isinstance(one, trouble) and one.at <= ending.after.at for one in scenario.happenings):
        return
    if ending.code == 1:
        yield f"it ended with 1, and nothing has failed: {ending.said.strip()[-300:] or ending.error}"
    match ending.result:
        case VerifiedRun(outcome=outcome, after=Observation(in_sync=True), plan=plan) if ending.code in (3, 5):
            left = plan.skipped or plan.not_included or plan.stale or ending.result.rollups is not None
            later = ending.result.hooks or ending.result.by_hand or ending.result.unlike or plan.not_as_before
            if outcome.done and not (left or later):
                yield f"it ended with {ending.code}, and all is done and in sync"
        case _:
            pass
