"""Checks a pair: looks at each server, holds the two against each other, and tries what they do in a scratch table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from syncengine.catalogue import Catalogue
from syncengine.model.check import Finding, Holding, PairCheck, ServerCheck, Severity
from syncengine.model.errors import ServerError
from syncengine.model.pair import PairSettings, Role
from syncengine.model.progress import Progress
from syncengine.model.sides import Sides
from syncengine.observe.asking import asking
from syncengine.observe.check.conformance import CASES, run_cases
from syncengine.observe.check.likeness import pair_findings, server_findings
from syncengine.observe.check.server import Look, LookQuestions, look_at, profile_of, unseen
from syncengine.observe.check.setup_tables import SetupQuestion, compare_setup
from syncengine.servers.open_servers import Handing
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache

WEIGHT = tuple(Severity)


def check(
    servers: Mapping[Role, Server],
    failed: Mapping[Role, ServerError],
    questions: LookQuestions,
    progress: Progress,
    *,
    seed: int,
) -> PairCheck:
    """Return what the servers that could be opened tell, and whether both are set up alike. Reads only.

    A server that fails does not stop the other's report: its sentence stands in its own.
    """
    with asking(servers, questions.settings) as hands:
        return _Checking(servers, failed, questions, hands, progress).run(seed)


def try_out(
    found: PairCheck,
    servers: Mapping[Role, Server],
    questions: LookQuestions,
    cache: Cache,
    progress: Progress,
    *,
    lock_seconds: int,
) -> PairCheck:
    """Return the same check with what each server does in a scratch table, one server after the other."""
    sound = [one for one in found.servers if one.role in servers and not one.problem]
    progress.begin("Trying what works", len(sound) * len(CASES))
    try:
        tried = {
            one.role: _tried(
                one, servers[one.role], questions, cache, lock_seconds, lambda case: progress.advance(1, case)
            )
            for one in sound
        }
    finally:
        progress.end()
    first, second = (tried.get(one.role, one) for one in found.servers)
    return replace(found, servers=(first, second))


def _tried(
    found: ServerCheck,
    server: Server,
    questions: LookQuestions,
    cache: Cache,
    lock_seconds: int,
    advance: Callable[[str], None],
) -> ServerCheck:
    mask = questions.settings.server(found.role).masked
    scratch = run_cases(server, cache, lock_seconds=lock_seconds, mask=mask, advance=advance)
    # How rows are written is known only now.
    return replace(found, scratch=scratch, profile=profile_of(server.describe()))


def _look_of(
    servers: Mapping[Role, Server], settings: PairSettings, role: Role, catalogue: Catalogue, as_of: datetime
) -> Look:
    return look_at(servers[role], settings.server(role), LookQuestions(settings, catalogue, as_of))


class _Checking:
    """One check under way."""

    def __init__(
        self,
        servers: Mapping[Role, Server],
        failed: Mapping[Role, ServerError],
        questions: LookQuestions,
        hands: Handing,
        progress: Progress,
    ) -> None:
        self.servers = servers
        self.failed = failed
        self.questions = questions
        self.hands = hands
        self.progress = progress

    def run(self, seed: int) -> PairCheck:
        self.progress.begin("Looking at the servers", len(self.servers) + len(self.questions.catalogue.set_up))
        try:
            looks = dict(self._looks())
            checks = {role: look.check for role, look in looks.items()}
            checks |= {
                role: unseen(self.questions.settings.server(role), str(error)) for role, error in self.failed.items()
            }
            findings = [one for look in looks.values() for one in server_findings(look.check, self.questions.as_of)]
            problem = ""
            if len(looks) == len(Role) and not any(look.check.problem for look in looks.values()):
                findings += pair_findings(looks, self.questions.catalogue)
                try:
                    for finding in self._setup(looks, seed):
                        findings.append(finding)  # what was found before a server failed is kept
                except ServerError as error:
                    problem = str(error)
        finally:
            self.progress.end()
        findings.sort(key=lambda finding: WEIGHT.index(finding.severity))
        return PairCheck(
            as_of=self.questions.as_of,
            servers=(checks[Role.PRIMARY], checks[Role.SECONDARY]),
            findings=tuple(findings),
            problem=problem,
        )

    def _looks(self) -> Iterator[tuple[Role, Look]]:
        """Ask both servers at once."""
        catalogue, as_of = self.questions.catalogue, self.questions.as_of
        asked = {role: self.hands.submit(_look_of, role, catalogue, as_of) for role in self.servers}
        for role, future in asked.items():
            yield role, future.result()
            self.progress.advance(1, role)

    def _setup(self, looks: Mapping[Role, Look], seed: int) -> Iterator[Finding]:
        one, other = (looks[role].check.facts for role in Role)
        if one is None or other is None:
            return
        facts = Sides(Role.PRIMARY, one, other)
        unreadable = {name for look in looks.values() for name in look.check.holding(Holding.UNREADABLE)}
        for spec, setup in self.questions.catalogue.set_up:
            live = {role: look.live.get(spec.name) for role, look in looks.items()}
            if spec.name not in unreadable:
                # One after the other: small tables are not worth a second login each.
                question = SetupQuestion(setup, spec, live, facts, seed)
                for finding in self.hands.submit(compare_setup, question).result():
                    yield replace(finding, says=self._masked(finding.says))
            self.progress.advance(1, spec.name)

    def _masked(self, text: str) -> str:
        """Take the secrets of both servers out of a sentence that may be of either."""
        for role in self.servers:
            text = self.questions.settings.server(role).masked(text)
        return text
