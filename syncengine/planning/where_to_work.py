"""Decides on which server users work now, and what is to be done about it, in order. Pure.

High Availability guide, Appendix E (what to do if a server fails), chapter 3 (External Call History) and chapter 4:
once the primary is back users go there last, after its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.pair import CallHistory, PairSettings, Role
from syncengine.model.sentences import listed
from syncengine.model.where_to_work import PairState, Trouble, TroubleKind, WhereToWork
from syncengine.planning.call_history import switch_back_lines, switch_over_lines
from syncengine.planning.checklist import mark_hooked
from syncengine.planning.support import support_line

NAMED = 3
"""Troubles and times named in a sentence; the lines about each server have all of them."""
ALL_WELL = "Work on the primary: administration flows from the primary to the secondary."
OF_BOTH = {
    TroubleKind.LINKS: "links of both servers are down",
    TroubleKind.UNREACHED: "neither server can be reached from here",
}
CHECK_THE_CLOCK = "First check that the clock is right (`as_of` and `timezone` in the pair file)"
MAY_SWITCH = (CallHistory.PRIMARY, None)
"""Where External Call History is switched over, or may be: the pair file does not say."""
CLOCK = (
    f"Neither server has rows of the time that was checked. {CHECK_THE_CLOCK}. If it is, neither server has recorded "
    "calls, and they are lost."
)


def where_to_work(state: PairState, settings: PairSettings, loads: Mapping[Role, str | None]) -> WhereToWork:
    """Return where users work, why, and what is to be done; `loads` are the CMS loads that support asks for."""
    found = _WorkDecision(state, settings, loads).decide()
    # The hook `links` has run already; if it could not answer, people check.
    hooks = [hook for hook in settings.hooks if hook.kind != LineKind.LINKS]
    return replace(found, lines=tuple(mark_hooked(found.lines, hooks)))


@dataclass(frozen=True, slots=True)
class _WorkDecision:
    state: PairState
    settings: PairSettings
    loads: Mapping[Role, str | None]

    def decide(self) -> WhereToWork:
        """Return the one of the guide's cases that applies."""
        state = self.state
        primary, secondary = state.affected_acds(Role.PRIMARY), state.affected_acds(Role.SECONDARY)
        if state.no_rows:
            return WhereToWork(None, CLOCK, (self._support_line(Role, "neither server has recorded anything"),))
        if not primary and not secondary:
            return self._primary_is_back() if state.missing_times else WhereToWork(Role.PRIMARY, ALL_WELL)
        if not primary:
            return self._secondary_fails()
        lost = state.acds_not_recorded(Role.PRIMARY) & state.acds_not_recorded(Role.SECONDARY)
        if not secondary or (self._unreached(Role.PRIMARY) and lost != frozenset(state.acds or (0,))):
            return self._takeover(lost)
        return self._both_fail(lost)

    def _unreached(self, role: Role) -> bool:
        return any(one.kind is TroubleKind.UNREACHED for one in self.state.of(role))

    def _both_fail(self, lost: frozenset[int]) -> WhereToWork:
        """Return that moving users gains nothing: neither server works fully."""
        wrong = _sentence(self.state.troubles)
        because = f"Call support: {wrong}."
        if all(self._unreached(role) for role in Role):
            because += " First check whether it is so only from here."
        elif {one.kind for one in self.state.troubles} == {TroubleKind.ARCHIVES}:
            because += f" {CHECK_THE_CLOCK}."
        because += (
            " What neither server records is lost: High Availability is no disaster recovery."
            if lost
            else " Neither server works fully."
        )
        lines = [line for role in Role for line in self._link_lines(role)]
        lines += [*self._collection_lines(), self._support_line(Role, wrong)]
        return WhereToWork(None, f"{because} Users stay where they are.", tuple(lines))

    def _takeover(self, lost: frozenset[int]) -> WhereToWork:
        """Return that the secondary takes over from a primary that fails."""
        troubles = self.state.of(Role.PRIMARY)
        roles = tuple(role for role in Role if self.state.of(role))
        wrong = _sentence(self.state.troubles)
        unreached = self._unreached(Role.PRIMARY)
        reason = f"{wrong}. Make sure that it is down" if unreached else wrong
        because = f"Work on the secondary: {reason}. If that will be over soon, users may wait instead."
        if lost:
            because += f" What neither server records is lost: {_acds(lost)}."
        because += " What is administered on the secondary meanwhile is copied back afterwards."
        lines = [*self._link_lines(Role.SECONDARY), *self._collection_lines()]
        lines += self._user_lines(Role.PRIMARY, if_any=", if they still can" if unreached else "")
        history = self.settings.call_history
        if history in MAY_SWITCH and any(one.stops_recording for one in troubles):
            lines += switch_over_lines(known=history is not None)
        return WhereToWork(Role.SECONDARY, because, (*lines, self._support_line(roles, wrong)))

    def _secondary_fails(self) -> WhereToWork:
        """Return that the primary works alone: the secondary records no calls."""
        wrong = _sentence(self.state.of(Role.SECONDARY))
        alone = any(one.stops_recording for one in self.state.troubles)
        because = f"Work on the primary: {wrong}." + (
            " While that lasts, only the primary records calls." if alone else ""
        )
        lines = (
            *self._link_lines(Role.PRIMARY),
            *self._collection_lines(),
            self._support_line((Role.SECONDARY,), wrong),
        )
        return WhereToWork(Role.PRIMARY, because, lines)

    def _primary_is_back(self) -> WhereToWork:
        """Return that the primary is back, and users return last (chapter 4)."""
        missing = self.state.missing_times
        named = listed([one.message for one in missing], NAMED)
        because = (
            f"The primary is back, but its history is not: {named}. Users who work on "
            "the secondary stay there until it is, and return last."
        )
        lines = [
            support_line(
                self.settings.support,
                servers=(Role.PRIMARY,),
                problem=f"the primary was down, for {named}, and is back",
                since=min(one.since for one in missing),
                acds=sorted({one.acd for one in missing}),
                loads=self.loads,
            )
        ]
        lines += switch_back_lines() if self.settings.call_history in MAY_SWITCH else ()
        lines += self._user_lines(Role.SECONDARY, "Last, when `syncengine outages` has nothing left to repair, tell")
        return WhereToWork(Role.SECONDARY, because, tuple(lines), history_missing=True)

    def _link_lines(self, role: Role) -> Iterator[ChecklistLine]:
        """Yield the line to check the links of a server that users rely on, unless they are known."""
        reported = any(one.kind in (TroubleKind.UNREACHED, TroubleKind.LINKS) for one in self.state.of(role))
        if role not in self.state.links_up and not reported:
            text = f"Check that the links of {role} are up: log in there, System Setup, connection status."
            yield ChecklistLine(LineKind.LINKS, role, text)

    def _collection_lines(self) -> Iterator[ChecklistLine]:
        for one in self.state.troubles:
            if one.kind is TroubleKind.COLLECTION_OFF:
                text = f"Turn data collection of {_acds(one.acds)} on again at {one.role}, unless it is off on purpose."
                yield ChecklistLine(LineKind.COLLECTION_ON, one.role, text)

    def _user_lines(self, away: Role, when: str = "Tell", if_any: str = "") -> Iterator[ChecklistLine]:
        """Yield the lines that move users from a server to the other."""
        to = away.other
        yield ChecklistLine(LineKind.LOG_OFF, away, f"{when} users to log off {away}{if_any}.")
        if self.settings.hook(LineKind.HOST_ALIAS, to) is not None:
            yield ChecklistLine(LineKind.HOST_ALIAS, to, f"Give {to} the address that users and printers use.")
        yield ChecklistLine(LineKind.LOG_ON, to, f"Then tell users to log on to {to}.")

    def _support_line(self, servers: Iterable[Role], problem: str) -> ChecklistLine:
        roles = tuple(servers)
        troubles = [one for one in self.state.troubles if one.role in roles]
        acds = frozenset(acd for one in troubles for acd in one.acds)
        return support_line(
            self.settings.support,
            servers=roles,
            problem=problem,
            since=_since(troubles),
            acds=() if any(not one.acds for one in troubles) else sorted(acds),
            loads=self.loads,
        )


def _since(troubles: Sequence[Trouble]) -> datetime | None:
    return min((one.since for one in troubles if one.since is not None), default=None)


def _sentence(troubles: Sequence[Trouble]) -> str:
    """Return what is wrong, to follow "that"; what is true of both servers is named once."""
    sentences = [one.message for one in troubles]
    for kind, of_both in OF_BOTH.items():
        each = [one.message for one in troubles if one.kind is kind and not one.acds]
        if len(each) == len(Role):
            sentences = [of_both, *(one for one in sentences if one not in each)]
    return ", and ".join(sentences)


def _acds(acds: Iterable[int]) -> str:
    known = sorted(acd for acd in acds if acd)
    return f"ACD {', '.join(map(str, known))}" if known else "all ACDs"
