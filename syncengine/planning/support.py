"""Lists what to have ready for a call to support, by the High Availability guide's Preface. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.pair import Role
from syncengine.model.support import Support


def support_line(
    support: Support,
    *,
    servers: Sequence[Role],
    problem: str,
    since: datetime | None = None,
    acds: Sequence[int] = (),
    loads: Mapping[Role, str | None] | None = None,
) -> ChecklistLine:
    """Return the line to call support about some servers, with what support needs to know as its details.

    `problem` follows "say that", like "its links are down"; `acds` are those it is about, none for all; `loads` are the
    CMS loads of both servers as far as they are known. Unknown details say where to find them.
    """
    whom = f"support ({support.helpline})" if support.helpline else "support"
    text = f"Call {whom}: say that this is a CMS High Availability pair, and that {problem}. Have this ready:"
    details = tuple(_details(support, tuple(servers), since, tuple(acds), loads or {}))
    return ChecklistLine(LineKind.SUPPORT, servers[0], text, details=details)


def _details(
    support: Support,
    servers: tuple[Role, ...],
    since: datetime | None,
    acds: tuple[int, ...],
    loads: Mapping[Role, str | None],
) -> Iterator[str]:
    yield _detail("Caller", support.contact, "your full name, and a number to call back", "contact")
    yield _detail("Organization", support.organization, "its name", "organization")
    yield _detail("Installation (IL) number", support.installation, "ten digits, in your contract", "installation")
    known_loads = (f"{role} {loads.get(role) or 'not known here (`pkginfo -x cms` there)'}" for role in Role)
    yield f"CMS load: {', '.join(known_loads)}"
    yield _detail("ACD release", support.switch_release, "the switch administrator knows it", "switch_release")
    when = f"since {since:%Y-%m-%d %H:%M}" if since else "since it was first noticed"
    which = f"ACD {', '.join(map(str, acds))}" if acds else "all ACDs, as far as is known here"
    yield f"Where: {' and '.join(servers)}, {when}, {which}"
    machines = {Role.PRIMARY: support.primary_machine, Role.SECONDARY: support.secondary_machine}
    for role in servers:
        yield _detail(f"Processors of {role}", machines[role], f"`psrinfo -v` on {role} shows them", f"{role}_machine")
    yield "Description: what users see, in your words"
    yield _detail("Service contract", support.contract, "its type and hours, if there is one", "contract")
    yield _detail(
        "Professional Services",
        support.professional_services,
        "whether a contract covers High Availability",
        "professional_services",
    )
    yield "Windows version, if CentreVu Supervisor is concerned"


def _detail(label: str, value: str, where: str, key: str) -> str:
    """Return a detail, or where to find it and its key in the pair file."""
    return f"{label}: {value or f'{where} ([support] {key})'}"
