"""Runs the commands a pair file names, with documented variables, and masks secrets in their output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from syncengine import machine
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
"""The variables every hook gets; empty where one does not apply."""
NO_ANSWER_CODES = (None, 126, 127, 255)
"""Exit codes of a command that was ended, a shell that could not run its program, and ssh without its connection."""
LONGEST_LINE = 120
"""Characters shown of one line where there is little room."""
INTERRUPTED = "was stopped by the user"
FIRST_LINES = 3
LAST_LINES = 3


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What hooks report of links at this moment."""

    down: Mapping[Role, str]
    """The servers whose links are down, with the hook's output, as the rest of a sentence."""
    unknown: tuple[str, ...] = ()
    """The servers whose hook gave no answer, as sentences without their ends."""


@dataclass(frozen=True, slots=True)
class HookCommands(NeverPickled):
    """Runs the commands of one pair. Secrets that a url takes from the environment are not passed on."""

    settings: PairSettings
    environment: Mapping[str, str]

    def run(self, hook: Hook, **values: str) -> CommandResult:
        """Run a hook in the folder of the pair file, with `values` for its `VARIABLES`."""
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
        """Yield what hooks report where no table shows it; a hook without an answer has a problem, and is not fine."""
        for kind in kinds:
            for role in kind.servers:
                hook = self.settings.hook(kind, role)
                if hook is not None:
                    found = self.run(hook)
                    problem = found.problem if found.code in NO_ANSWER_CODES else ""
                    yield HookCheck(kind, role, found.code == 0, first_lines(found.output), problem)

    def load(self, role: Role) -> str | None:
        """Return the load its hook reports of a server: the last word, as `pkginfo -x cms` has it. None without a hook.

        Raises `ServerError` where the hook fails or prints nothing.
        """
        hook = self.settings.hook(LOAD, role)
        if hook is None:
            return None
        found = self.run(hook)
        words = found.answer.split()
        if found.problem or not words:
            problem = f"{found.problem}{output_clause(found.output)}" if found.problem else "printed nothing"
            raise ServerError(
                f"{role}: its CMS load is unknown: the command of hooks.{LOAD} {problem}.",
                hint=f"Repair it, or write {role}.load in the pair file.",
            )
        return words[-1]

    def check_links(self) -> LinkReport:
        """Run the links hooks, and return how the links are at this moment."""
        down: dict[Role, str] = {}
        unknown: list[str] = []
        for role in Role:
            hook = self.settings.hook(CheckKind.LINKS, role)
            result = self.run(hook) if hook is not None else None
            if result is not None and result.code in NO_ANSWER_CODES:
                why = f"the hook {CheckKind.LINKS} {result.problem}{output_clause(result.output)}"
                unknown.append(f"{role}: it is not known whether its links are down now: {why}")
            elif result is not None and result.code != 0:
                down[role] = (
                    f"links are down now: the hook {CheckKind.LINKS} {result.problem}{output_clause(result.output)}"
                )
        return LinkReport(down, tuple(unknown))


def finished_record(begun: HookRecord, result: CommandResult) -> HookRecord:
    """Return the record of a hook that has ended."""
    state = HookState.DONE if not result.problem else HookState.FAILED
    if not result.started:
        state = HookState.NOT_STARTED
    return replace(
        begun,
        state=state,
        at=machine.now(),
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
    return f", and printed: {lines}" if lines else ""


def _lines(output: str) -> list[str]:
    return [" ".join(line.split())[:LONGEST_LINE] for line in output.splitlines() if line.strip()]
