"""Runs the commands a pair file names, with the environment they are promised, and shows no secret of what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from syncengine.hooks.command import CommandResult, run_command
from syncengine.model.daily_check import HookCheck
from syncengine.model.errors import ServerError
from syncengine.model.hooks import LOAD, CheckKind, HookRecord, HookState
from syncengine.model.interrupts import uninterrupted
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.pair import Hook, PairSettings, Role
from syncengine.staging.private_files import original_umask

PREFIX = "SYNCENGINE_"
VARIABLES = ("hook", "server", "pair", "run", "lines", "files", "source")
"""What every hook is told, in variables of these names; empty where it does not apply."""
NO_ANSWER_CODES = (None, 126, 127, 255)
"""Of a command that did not end by itself, a shell that could not run its program, and ssh without its connection."""
LONGEST_LINE = 120
"""Characters of one line that are shown where there is little room."""
INTERRUPTED = "was stopped by the user"
FIRST_LINES = 3
LAST_LINES = 3


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What hooks say of links at this moment."""

    down: Mapping[Role, str]
    """The servers whose links are down, with what was said, as the rest of a sentence."""
    unknown: tuple[str, ...] = ()
    """Of which servers a hook could not tell, as sentences without their ends."""


@dataclass(frozen=True, slots=True)
class HookCommands(NeverPickled):
    """Runs the commands of one pair. Secrets that a url takes from the environment are not handed on."""

    settings: PairSettings
    environment: Mapping[str, str]

    def run(self, hook: Hook, **values: str) -> CommandResult:
        """Run a hook in the folder of the pair file; what is `told` by names of `TOLD` it finds in its environment."""
        settings = self.settings
        inherited = {name: value for name, value in self.environment.items() if name not in settings.secret_names}
        values = {"pair": str(settings.file), "server": hook.server.value, "hook": hook.kind, **values}
        variables = {f"{PREFIX}{name.upper()}": values.get(name, "").replace("\0", " ") for name in VARIABLES}
        result = run_command(
            hook.command,
            folder=settings.file.parent,
            environment=inherited | variables,
            timeout_seconds=hook.timeout_seconds,
            starting=uninterrupted(),
            umask=original_umask(),
        )
        return replace(
            result,
            problem=settings.masked(result.problem),
            output=settings.masked(result.output),
            answer=settings.masked(result.answer),
        )

    def checks(self, kinds: Iterable[CheckKind]) -> Iterator[HookCheck]:
        """Yield what hooks say of what no table shows; one that could not tell has a problem, and is not fine."""
        for kind in kinds:
            for role in kind.servers:
                hook = self.settings.hook(kind, role)
                if hook is not None:
                    found = self.run(hook)
                    problem = found.problem if found.code in NO_ANSWER_CODES else ""
                    yield HookCheck(kind, role, found.code == 0, first_lines(found.output), problem)

    def load(self, role: Role) -> str | None:
        """Return the load its hook tells of a server: the last word, as `pkginfo -x cms` has it. None without a hook.

        Raises `ServerError` where the hook fails or tells nothing.
        """
        hook = self.settings.hook(LOAD, role)
        if hook is None:
            return None
        found = self.run(hook)
        words = found.answer.split()
        if found.problem or not words:
            problem = f"{found.problem}{output_clause(found.output)}" if found.problem else "printed nothing"
            raise ServerError(
                f"{role}: its CMS load is not known, since the command of hooks.{LOAD} {problem}.",
                hint=f"Repair it, or write {role}.load in the pair file.",
            )
        return words[-1]

    def check_links(self) -> LinkReport:
        """Ask the hooks of the servers that have one how their links are at this moment."""
        down: dict[Role, str] = {}
        unknown: list[str] = []
        for role in Role:
            hook = self.settings.hook(CheckKind.LINKS, role)
            result = self.run(hook) if hook is not None else None
            if result is not None and result.code in NO_ANSWER_CODES:
                why = f"the hook {CheckKind.LINKS} {result.problem}{output_clause(result.output)}"
                unknown.append(f"{role}: whether its links are down now is not known, as {why}")
            elif result is not None and result.code != 0:
                down[role] = f"links are down now, as the hook {CheckKind.LINKS} says{output_clause(result.output)}"
        return LinkReport(down, tuple(unknown))


def finished_record(begun: HookRecord, result: CommandResult) -> HookRecord:
    """Return what became of a hook that was begun."""
    state = HookState.DONE if not result.problem else HookState.FAILED
    if not result.started:
        state = HookState.NOT_STARTED
    return replace(
        begun,
        state=state,
        at=datetime.now(),
        seconds=round(result.seconds, 3),
        why=result.problem,
        last_lines=last_lines(result.output),
    )


def first_lines(output: str) -> tuple[str, ...]:
    """Return the first lines that are not empty."""
    return tuple(_lines(output)[:FIRST_LINES])


def last_lines(output: str) -> str:
    """Return the last lines that are not empty, on one line."""
    return " / ".join(_lines(output)[-LAST_LINES:])


def output_clause(output: str) -> str:
    """Return the last lines as the end of a sentence."""
    lines = last_lines(output)
    return f", and said: {lines}" if lines else ""


def _lines(output: str) -> list[str]:
    return [" ".join(line.split())[:LONGEST_LINE] for line in output.splitlines() if line.strip()]
