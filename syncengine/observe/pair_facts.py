"""What the servers of a pair report of themselves, read from all at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from syncengine.catalogue import Catalogue
from syncengine.model.errors import InputError
from syncengine.model.facts import ServerFacts
from syncengine.model.pair import PairSettings, Role
from syncengine.model.sides import Sides
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions, gather_facts
from syncengine.observe.question_executor import open_executor
from syncengine.observe.request import Request
from syncengine.servers.protocol import Server


def facts_of(
    servers: Mapping[Role, Server], questions: FactQuestions, acds: Iterable[int] = ()
) -> dict[Role, ServerFacts]:
    """Return what each server reports of itself. Raises `InputError` for one of the ACDs that none of them has."""
    options = questions.catalogue, questions.window, questions.coverage, questions.collection
    with open_executor(servers, questions.settings) as executor:
        futures = {role: executor.submit(_facts_on, role, *options) for role in servers}
        facts = {role: future.result() for role, future in futures.items()}
    refuse_unknown_acds(facts.values(), acds)
    return facts


def facts_for(
    servers: Mapping[Role, Server], settings: PairSettings, catalogue: Catalogue, request: Request
) -> Sides[ServerFacts]:
    """Return the facts of source and target for a request: those it brings with it, else those they report now."""
    if request.facts is not None:
        refuse_unknown_acds(tuple(request.facts), request.acds)
        return request.facts
    coverage = request.for_writing and request.of_history
    questions = FactQuestions(settings, catalogue, request.facts_window, coverage=coverage)
    return Sides.by_role(request.source, facts_of(servers, questions, request.acds))


def _facts_on(
    servers: Mapping[Role, Server],
    settings: PairSettings,
    role: Role,
    catalogue: Catalogue,
    window: Window | None,
    coverage: bool,
    collection: bool,
) -> ServerFacts:
    return gather_facts(servers[role], role, FactQuestions(settings, catalogue, window, coverage, collection))


def refuse_unknown_acds(facts: Collection[ServerFacts], acds: Iterable[int]) -> None:
    """Raise `InputError` for an ACD that neither server has, or that is a pseudo-ACD of one."""
    known = {acd for one in facts for acd in one.acds}
    for acd in acds:
        if acd not in known:
            names = ", ".join(str(a) for a in sorted(known)) or "none"
            owner = next((one.role for one in facts if acd in one.pseudo_acds), None)
            if owner is not None:
                raise InputError(
                    f"ACD {acd} is a pseudo-ACD of {owner}, as the pair file says, and is not compared.",
                    hint=f"Name one of {names}, or remove it from {owner}.pseudo_acds.",
                )
            raise InputError(f"Neither server has ACD {acd}.", hint=f"They have: {names}.")
