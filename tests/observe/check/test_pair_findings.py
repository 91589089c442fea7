"""The comparison of what two servers report, with servers as values, for cases no embedded server can have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.check import Finding, ServerCheck, ServerProfile, Severity, Subject, TableCheck, TablePresence
from syncengine.model.facts import ArchiveStatus, DayLengths, ServerFacts
from syncengine.model.grain import Archive
from syncengine.model.mask import Mask
from syncengine.model.pair import Role, ServerSettings
from syncengine.model.spec import DataClass
from syncengine.observe.check.pair_findings import pair_findings, server_findings
from syncengine.observe.check.server import Inspection
from syncengine.observe.columns import column_faults
from syncengine.servers.protocol import LiveColumn, LiveTable
from tests.builders import catalogue

AS_OF = datetime(2000, 6, 5, 7, 10)
PROFILE = ServerProfile(
    kind="informix",
    version="11.50",
    place="cms on cms_drda",
    login="sync",
    locale="en_us.819",
    transactions=True,
    write_path="execute_many",
    types_fingerprinted=("integer",),
    types_fetched=(),
)


def facts(role: Role) -> ServerFacts:
    """Return the facts of a server with one ACD whose archives have all run."""
    archives = tuple(
        ArchiveStatus(1, archive, datetime(2000, 6, 5, 7, 0) if archive is Archive.INTERVAL else datetime(2000, 6, 5))
        for archive in (Archive.INTERVAL, Archive.DAILY, Archive.WEEKLY, Archive.MONTHLY)
    )
    lengths = (DayLengths(1, date(2000, 6, 5), 30, 30),)
    return ServerFacts(role, "one", "informix", "r3v8ag.f", (1,), archives, lengths)


def server(role: Role) -> ServerCheck:
    """Return a sound server."""
    return ServerCheck(role, "informix://...", "r3v8ag.f", profile=PROFILE, facts=facts(role))


def split_table(*, nullable: bool | None = None, native: str = "", readable: bool = True) -> LiveTable:
    """Return hsplit as its spec has it, but for its last column."""
    columns = [LiveColumn(one.name, one.type, str(one.type), None) for one in catalogue().table("hsplit").columns]
    last = columns[-1]
    columns[-1] = replace(last, nullable=nullable, native=native or last.native, readable=readable)
    return LiveTable("hsplit", tuple(columns))


def found(primary: Inspection, secondary: Inspection) -> list[Finding]:
    """Return the findings on two servers, but for the tables on neither."""
    findings = pair_findings({Role.PRIMARY: primary, Role.SECONDARY: secondary}, catalogue())
    return [finding for finding in findings if "on neither server" not in finding.message]


def inspections(primary: LiveTable | None = None, secondary: LiveTable | None = None) -> Iterator[Inspection]:
    """Yield two sound servers with a table each."""
    for role, table in ((Role.PRIMARY, primary), (Role.SECONDARY, secondary)):
        yield Inspection(server(role), {table.name: table} if table else {})


def test_servers_that_are_alike_have_no_findings() -> None:
    """Two servers that report the same have no findings."""
    one, other = inspections(split_table(nullable=True), split_table(nullable=True))

    assert found(one, other) == []
    assert list(server_findings(one.check, AS_OF)) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"version": "14.10"}, "The versions of the databases differ: 11.50 on primary, 14.10 on secondary."),
        ({"locale": ""}, "The locales differ: en_us.819 on primary, not reported on secondary."),
        (
            {"kind": "postgresql"},
            "The kinds of the servers differ: informix on primary, postgresql on secondary.",
        ),
    ],
)
def test_databases_that_are_not_alike_are_noted(changed: dict[str, Any], message: str) -> None:
    """Another kind, version or locale is a note: values are compared in the same way."""
    one, other = inspections()
    other = Inspection(replace(other.check, profile=replace(PROFILE, **changed)), {})

    (finding,) = found(one, other)

    assert (finding.severity, finding.subject, finding.message) == (Severity.NOTE, Subject.SERVER, message)


def test_null_that_one_server_refuses_is_reported() -> None:
    """A column that may be NULL on one server only is named with both; where a server does not report it, it is not."""
    one, other = inspections(split_table(nullable=True), split_table(nullable=False))
    silent, again = inspections(split_table(nullable=None), split_table(nullable=False))

    (finding,) = found(one, other)

    assert (finding.severity, finding.tables) == (Severity.SHOULD, ("hsplit",))
    assert finding.details[0].endswith(": NULL on primary, NOT NULL on secondary")
    assert found(silent, again) == []


def test_a_column_that_cannot_be_read_exactly_must_be_repaired() -> None:
    """A table with such a column is not compared: that is found for the pair, and as a fault of the column."""
    table = split_table(native="text", readable=False)
    one, other = inspections(table, split_table())

    findings = found(one, other)

    (finding,) = (one for one in findings if one.severity is Severity.MUST)
    assert "is text on primary, which cannot be read exactly" in finding.message
    (fault,) = column_faults(catalogue().table("hsplit"), table)
    assert (fault.kind.value, fault.native) == ("unreadable", "text")


@pytest.mark.parametrize(
    ("settings", "severity"),
    [({}, Severity.MUST), ({"read_only": True}, Severity.NOTE), ({"without_transactions": True}, Severity.NOTE)],
)
def test_a_database_without_a_log_is_reported(settings: dict[str, Any], severity: Severity) -> None:
    """Writing to it is refused, unless the pair file accepts that or makes it read-only."""
    check = replace(server(Role.SECONDARY), profile=replace(PROFILE, transactions=False), **settings)

    (finding,) = server_findings(check, AS_OF)

    assert (finding.severity, finding.server) == (severity, Role.SECONDARY)
    assert "secondary.without_transactions = true" in finding.advice


def test_types_that_are_folded_here_are_noted() -> None:
    """A server whose fingerprints of some types are not used is slower, not different."""
    check = replace(server(Role.PRIMARY), profile=replace(PROFILE, types_fetched=("char", "varchar")))

    (finding,) = server_findings(check, AS_OF)

    assert finding.severity is Severity.NOTE
    assert "char, varchar" in finding.message


def test_notes_about_facts_are_findings() -> None:
    """Notes about the tables that facts come from are findings."""
    check = replace(server(Role.PRIMARY), facts=replace(facts(Role.PRIMARY), notes=("has no linkex table",)))

    (finding,) = server_findings(check, AS_OF)

    assert (finding.severity, finding.message) == (Severity.SHOULD, "It has no linkex table.")


def test_archives_with_the_same_problem_are_one_finding() -> None:
    """An ACD without any row in arch_stat is one finding for its intervals and one for the rest."""
    check = replace(server(Role.PRIMARY), facts=replace(facts(Role.PRIMARY), acds=(1, 2, 3)))

    findings = list(server_findings(check, AS_OF))

    assert [(finding.severity, finding.message) for finding in findings] == [
        (Severity.MUST, "ACD 2, 3, interval archive: has no row in arch_stat."),
        (Severity.SHOULD, "ACD 2, 3, daily and weekly and monthly archive: has no row in arch_stat."),
    ]


def test_an_interval_length_that_changed_on_both_is_noted() -> None:
    """Both servers went from 30 to 15 minutes: nothing differs, and the change is reported."""
    days = (DayLengths(1, date(2000, 6, 4), 30, 30), DayLengths(1, date(2000, 6, 5), 15, 15))
    both = [
        Inspection(replace(server(role), facts=replace(facts(role), lengths=days)), {})
        for role in (Role.PRIMARY, Role.SECONDARY)
    ]

    (finding,) = found(*both)

    assert finding.severity is Severity.NOTE
    assert "15 and 30 minutes on both servers" in finding.message


def test_a_server_that_names_no_acd_is_no_cms() -> None:
    """Where neither server names an ACD the urls may be wrong."""
    both = [
        Inspection(replace(server(role), facts=replace(facts(role), acds=(), lengths=())), {})
        for role in (Role.PRIMARY, Role.SECONDARY)
    ]

    assert [finding.message for finding in found(*both)] == ["Neither server names its ACDs."]


def test_tables_of_one_server_only_are_not_called_empty() -> None:
    """A table that the other lacks is reported as missing, not as without rows."""
    table = TableCheck("hsplit", DataClass.HISTORICAL, TablePresence.ROWS)
    one, other = inspections(split_table())
    lacking = replace(other.check, tables=(replace(table, presence=TablePresence.MISSING),))

    findings = found(Inspection(replace(one.check, tables=(table,)), one.live), Inspection(lacking, {}))

    assert [finding.subject for finding in findings] == [Subject.COLUMNS]


def test_secrets_of_a_url_are_masked_in_any_message(tmp_path: Path) -> None:
    """A value of the environment is shown as ${NAME}, also where the url encodes it."""
    settings = ServerSettings(
        Role.PRIMARY,
        f"informix+ibm_db://sync:p%40ss%2Fword@host:9089/{tmp_path.name}",
        "informix+ibm_db://sync:${PASSWORD}@host:9089/${PLACE}",
        mask=Mask((("PASSWORD", "p@ss/word"), ("PLACE", tmp_path.name))),
    )

    text = settings.masked(f"primary: p@ss/word and p%40ss%2Fword were refused by {tmp_path.name} of host")

    assert text == "primary: ${PASSWORD} and ${PASSWORD} were refused by ${PLACE} of host"
    assert replace(settings, mask=Mask()).masked("a duckdb") == "a duckdb"
