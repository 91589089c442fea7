"""Checks a pair: inspects each server, compares the two, and tests what they do in a scratch table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from syncengine.catalogue import Catalogue
from syncengine.model.check import Finding, PairCheck, ServerCheck, Severity, TablePresence
from syncengine.model.errors import ServerError
from syncengine.model.pair import PairSettings, Role
from syncengine.model.progress import Progress
from syncengine.model.sides import Sides
from syncengine.observe.check.conformance import CASES, run_cases
from syncengine.observe.check.pair_findings import pair_findings, server_findings
from syncengine.observe.check.server import Inspection, InspectionOptions, inspect_server, profile_of, unopened_server
from syncengine.observe.check.setup_tables import SetupQuestion, compare_setup
from syncengine.observe.question_executor import open_executor
from syncengine.servers.open_servers import QuestionExecutor
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache

WEIGHT = tuple(Severity)


def check(
    servers: Mapping[Role, Server],
    failed: Mapping[Role, ServerError],
    options: InspectionOptions,
    progress: Progress,
    *,
    seed: int,
) -> PairCheck:
    """Return what the servers that could be opened report, and whether both are set up alike. Reads only.

    A server that fails does not stop the report of the other: its error is in its own.
    """
    with open_executor(servers, options.settings) as executor:
        return _CheckRun(servers, failed, options, executor, progress).run(seed)


def run_scratch_cases(
    checked: PairCheck,
    servers: Mapping[Role, Server],
    options: InspectionOptions,
    cache: Cache,
    progress: Progress,
    *,
    lock_seconds: int,
) -> PairCheck:
    """Return the same check with what each server does in a scratch table, one server after the other."""
    sound = [one for one in checked.servers if one.role in servers and not one.problem]
    progress.begin("Testing in a scratch table", len(sound) * len(CASES))
    try:
        results = {
            one.role: _with_scratch_results(
                one, servers[one.role], options, cache, lock_seconds, lambda case: progress.advance(1, case)
            )
            for one in sound
        }
    finally:
        progress.end()
    first, second = (results.get(one.role, one) for one in checked.servers)
    return replace(checked, servers=(first, second))


def _with_scratch_results(
    checked: ServerCheck,
    server: Server,
    options: InspectionOptions,
    cache: Cache,
    lock_seconds: int,
    advance: Callable[[str], None],
) -> ServerCheck:
    mask = options.settings.server(checked.role).masked
    scratch = run_cases(server, cache, lock_seconds=lock_seconds, mask=mask, advance=advance)
    # How rows are written is known only now.
    return replace(checked, scratch=scratch, profile=profile_of(server.describe()))


def _inspect_on(
    servers: Mapping[Role, Server], settings: PairSettings, role: Role, catalogue: Catalogue, as_of: datetime
) -> Inspection:
    return inspect_server(servers[role], settings.server(role), InspectionOptions(settings, catalogue, as_of))


class _CheckRun:
    """One check in progress."""

    def __init__(
        self,
        servers: Mapping[Role, Server],
        failed: Mapping[Role, ServerError],
        options: InspectionOptions,
        executor: QuestionExecutor,
        progress: Progress,
    ) -> None:
        self.servers = servers
        self.failed = failed
        self.options = options
        self.executor = executor
        self.progress = progress

    def run(self, seed: int) -> PairCheck:
        self.progress.begin("Inspecting the servers", len(self.servers) + len(self.options.catalogue.set_up))
        try:
            inspections = dict(self._inspections())
            checks = {role: inspection.check for role, inspection in inspections.items()}
            checks |= {
                role: unopened_server(self.options.settings.server(role), str(error))
                for role, error in self.failed.items()
            }
            findings = [
                one
                for inspection in inspections.values()
                for one in server_findings(inspection.check, self.options.as_of)
            ]
            problem = ""
            if len(inspections) == len(Role) and not any(
                inspection.check.problem for inspection in inspections.values()
            ):
                findings += pair_findings(inspections, self.options.catalogue)
                try:
                    for finding in self._setup(inspections, seed):
                        findings.append(finding)  # findings made before a server failed count
                except ServerError as error:
                    problem = str(error)
        finally:
            self.progress.end()
        findings.sort(key=lambda finding: WEIGHT.index(finding.severity))
        return PairCheck(
            as_of=self.options.as_of,
            servers=(checks[Role.PRIMARY], checks[Role.SECONDARY]),
            findings=tuple(findings),
            problem=problem,
        )

    def _inspections(self) -> Iterator[tuple[Role, Inspection]]:
        """Inspect both servers at once."""
        catalogue, as_of = self.options.catalogue, self.options.as_of
        futures = {role: self.executor.submit(_inspect_on, role, catalogue, as_of) for role in self.servers}
        for role, future in futures.items():
            yield role, future.result()
            self.progress.advance(1, role)

    def _setup(self, inspections: Mapping[Role, Inspection], seed: int) -> Iterator[Finding]:
        one, other = (inspections[role].check.facts for role in Role)
        if one is None or other is None:
            return
        facts = Sides(Role.PRIMARY, one, other)
        unreadable = {
            name
            for inspection in inspections.values()
            for name in inspection.check.tables_with(TablePresence.UNREADABLE)
        }
        for spec, setup in self.options.catalogue.set_up:
            live = {role: inspection.live.get(spec.name) for role, inspection in inspections.items()}
            if spec.name not in unreadable:
                # One after the other: small tables are not worth a second login each.
                question = SetupQuestion(setup, spec, live, facts, seed)
                for finding in self.executor.submit(compare_setup, question).result():
                    yield replace(finding, message=self._masked(finding.message))
            self.progress.advance(1, spec.name)

    def _masked(self, text: str) -> str:
        """Mask the secrets of both servers in a message that may come from either."""
        for role in self.servers:
            text = self.options.settings.server(role).masked(text)
        return text
