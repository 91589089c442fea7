"""The reference pages leave nothing out, and name nothing that is not there."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from syncengine.app import Pair, open_pair
from syncengine.catalogue.procedure_file import procedure_names
from syncengine.catalogue.schema import ColumnEntry, CompanionsFile, SetsFile, SpecFile
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.hints import complete_commands
from syncengine.model import errors
from syncengine.model.archives import ArchiveFaultKind
from syncengine.model.check import CaseState, ColumnFaultKind, Severity, Subject, TablePresence
from syncengine.model.filled_checklist import ProbeState, TickedBy
from syncengine.model.grain import Archive
from syncengine.model.hooks import KINDS, HookState
from syncengine.model.outcome import RunOutcome
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.plan_kind import BackfillPortion, PlanKind
from syncengine.model.policy import Policy
from syncengine.model.portions import PortionRecord
from syncengine.model.procedure import Place
from syncengine.model.rollups import InternalState
from syncengine.model.run import BatchState, RunState
from syncengine.model.spec import DataClass, Evidence, Rollup, SyncedBy
from syncengine.model.surroundings import SideEffectKind, SideEffectsUnknown
from syncengine.model.verified_run import VerifiedRun
from syncengine.model.where_to_work import TroubleKind
from syncengine.pair_file import read_pair_file
from syncengine.pair_file.schema import PairEntry
from syncengine.report.backfill import backfill_outcome_document
from syncengine.report.check_json import check_document
from syncengine.report.outcome import outcome_document
from syncengine.report.plan_json import plan_summary
from syncengine.report.rollups import internal_document
from syncengine.report.timetables import timetables_document
from syncengine.report.verify_json import verify_document
from tests.builders import build_files, row
from tests.cli.terminal import Typing
from tests.docs.generate_checklists import checklists_of, with_checklists
from tests.docs.generate_commands import PAGE, commands_page
from tests.docs.pages import DOCS, blocks, page_name, pages, prose, section, table_rows
from tests.docs.running import Reader
from tests.interference import Interference, interfere
from tests.rules.hooked import hook, with_hooks
from tests.rules.summarised import SUNDAY, pair
from tests.rules.timetabled import FLAG, three_owners
from tests.scenes import outage, storage, trunks

PAIR_FILE = DOCS / "reference" / "pair-file.md"
TABLE_SPECS = DOCS / "reference" / "table-specs.md"
JSON = DOCS / "reference" / "json.md"
EXIT_CODES = DOCS / "reference" / "exit-codes.md"
PYTHON_API = DOCS / "reference" / "python-api.md"
RULES = DOCS / "explanation" / "rules.md"
OUTAGE = DOCS / "how-to" / "repair-an-outage.md"
CODE = re.compile(r"`([^`]+)`")
WINDOW_FIELDS = {"from", "before", "shown"}
BY_NAME = ("not_compared", "key", "columns", "figures", "values")
"""Fields whose own fields are names of columns, or of what was measured."""


def test_the_page_of_commands_is_fresh() -> None:
    """The page of commands says what the program says; `python -m tests.docs.generate_commands` writes it."""
    assert PAGE.read_text(encoding="utf-8") == commands_page()


def test_every_key_of_a_pair_file_is_described() -> None:
    """The page lists exactly the keys the schema has."""
    wanted = {re.sub(r"^intervals$", "intervals.<ACD>", key) for key in _keys(PairEntry)} | {"intervals.default"}
    assert set(_first_cells(PAIR_FILE)) == wanted


def test_defaults_of_limits_are_the_programs() -> None:
    """The figures of the limits are the ones that hold where the file says nothing."""
    limits = PairEntry.model_fields["limits"].default
    shown = {
        key.removeprefix("limits."): cells[0].strip("`")
        for key, *cells in table_rows(PAIR_FILE.read_text(encoding="utf-8"))
        if key.startswith("limits.")
    }
    assert shown == {name: str(value) for name, value in limits.model_dump().items()}


def test_the_examples_of_pair_files_can_be_read(tmp_path: Path) -> None:
    """Both examples are without fault, and the long one has every key."""
    examples = [block.text for block in blocks(PAIR_FILE) if block.kind == "toml"]
    for text in examples:
        (tmp_path / "pair.toml").write_text(text, encoding="utf-8")
        read_pair_file(tmp_path / "pair.toml", {})
    words = set(re.findall(r"\w+", examples[-1]))
    assert {key.rpartition(".")[2] for key in _keys(PairEntry)} - {"<name>"} <= words


def test_every_key_of_a_spec_is_described() -> None:
    """The page lists exactly the keys that spec, sets and companion files may have."""
    wanted = set(_keys(SpecFile)) | set(_keys(SetsFile)) | set(_keys(CompanionsFile))
    wanted |= {"time.date", "time.label", "time.epoch", "time.interval", "time.incomplete"}
    nested = {key for key in wanted if key.startswith("columns.<name>.")}
    wanted -= nested | {"time"}
    listed = set(_first_cells(TABLE_SPECS)) - _values(DataClass, SyncedBy, Archive)
    assert listed - {"columns.<name>"} == wanted - {"columns.<name>"} | set(_keys(ColumnEntry))


def test_every_value_of_a_spec_is_described() -> None:
    """Every data class, archive, way of keeping in step, roll-up and evidence has its place on the page."""
    words = set(re.findall(r"`([^`]+)`", prose(TABLE_SPECS)))
    assert _values(DataClass, SyncedBy, Archive, Rollup, Evidence) <= words


def test_every_exit_code_is_described() -> None:
    """The page lists exactly the codes a command can end with."""
    rows = list(table_rows(section(EXIT_CODES, "Exit codes")))
    assert {(code, name.strip("`")) for code, name, _ in rows} == {(str(int(code)), code.name) for code in ExitCode}


def test_what_3_means_is_described_for_every_command_that_may_end_with_it() -> None:
    """Each command whose help has a 3 among its exit codes has its row, and no other."""
    pages_of = re.split(r"^## syncengine ", commands_page(), flags=re.MULTILINE)[1:]
    ending = {page.split()[0] for page in pages_of if re.search(r"Exit codes: [^\n]*(\n\S[^\n]*)*\b3\s", page)}
    text = section(EXIT_CODES, "What 3 means")
    named = {
        words.split()[0] for cells in re.findall(r"^\|(.*?)\|", text, re.MULTILINE) for words in CODE.findall(cells)
    }
    assert named - {"--dry-run"} == ending
    assert all(f"`{page.split()[0]}`" in text for page in pages_of)


def test_every_field_of_a_json_document_is_described(
    damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fields of real documents are exactly those the page lists."""
    monkeypatch.chdir(tmp_path)
    reader = Reader(damaged)
    for block in blocks(DOCS / "how-to" / "copy-administration.md"):
        if block.kind == "test":
            reader.follow(block)
    saturday = "acd = 1 AND row_date = '2000-06-03' AND starttime = 1000"
    reader.follow_sql("secondary", f"DELETE FROM hsplit WHERE {saturday}")
    inside = "SELECT * REPLACE (915 AS starttime, 15 AS intrvl) FROM hsplit WHERE acd = 1 AND starttime = 900"
    reader.follow_sql("secondary", f"INSERT INTO hsplit {inside} AND row_date = '2000-06-03'")
    reader.follow_sql("secondary", "ALTER TABLE hcwc ADD COLUMN more INTEGER")
    reader.follow_sql("secondary", "DELETE FROM spex WHERE row_date = '2000-06-04'")
    for counted in ("CREATE SEQUENCE c_numbers", "ALTER TABLE hsplit ALTER acdcalls SET DEFAULT nextval('c_numbers')"):
        reader.follow_sql("secondary", counted)
    reader.follow_sql("secondary", "DELETE FROM ttsched WHERE trim(tt_name) = 'Morning reports'")
    with Path("build/demo/pair.toml").open("a") as file:
        file.write(FLAG)
    pair = open_pair("build/demo/pair.toml")
    names = ("hsplit", "spex")
    verdicts = [
        verify_document(pair.verify(sets=("timetables",))),
        verify_document(pair.verify(tables=("hsplit", "spex", "haglog", "f_cday"), window="2000-06-03..2000-06-05")),
        verify_document(pair.verify(tables=("synonyms", "hcwc", "dbitems"), acds=(2,))),
    ]
    plan = pair.plan_resync(tables=names, window="2000-06-03..2000-06-05 05:29")
    result = pair.execute(plan)
    summaries = [
        {**plan_summary(one), "dry_run": True}
        for one in (plan, pair.plan_sync(tables=("agroups", "split_pro"), sets=("timetables",)))
    ]
    assert _fields(*verdicts) == _listed(section(JSON, "Verify"))
    summaries += [plan_summary(pair.plan_undo()), plan_summary(pair.plan_run_on("this", owners="jmiller"))]
    summaries[-1]["edit"] = None  # Its own fields are those of another section.
    assert _fields(*summaries) == _listed(section(JSON, "Plan summary"))
    kinds = {one.default for kind in get_args(PlanKind) for one in fields(kind) if one.name == "name"}
    assert kinds <= set(CODE.findall(section(JSON, "Plan summary")))
    unknown = SideEffectsUnknown(Role.SECONDARY, "hsplit", "the link is down")
    run = {
        "outcome": outcome_document(VerifiedRun(plan, result.outcome, side_effects_unknown=(unknown,))),
        "after": None,
    }
    assert _fields(run) == _listed(section(JSON, "Resync"))


def test_every_field_of_the_document_of_a_check_is_described(
    slim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fields of a real document of a check are exactly those the page lists, and each word in them is there."""
    monkeypatch.chdir(tmp_path)
    reader = Reader(slim)
    reader.follow_sql("secondary", "ALTER TABLE hsplit DROP COLUMN acdcalls")
    for counted in ("CREATE SEQUENCE c_numbers", "ALTER TABLE hsplit ALTER acdtime SET DEFAULT nextval('c_numbers')"):
        reader.follow_sql("primary", counted)

    document = check_document(open_pair("build/demo/pair.toml").check(scratch=True))

    text = section(JSON, "Check")
    # Where a server fails or is not tried these two are null, which is why they have lines of their own.
    assert _fields(document) == _listed(text) - {"servers[].profile", "servers[].scratch"}
    words = set(re.findall(r"`([^`]+)`", text))
    assert _values(Severity, Subject, TablePresence, ColumnFaultKind, CaseState, SideEffectKind) <= words


@pytest.mark.soak
def test_every_field_of_an_internal_verdict_is_described(tmp_path: Path) -> None:
    """The fields of a real document of `verify --internal` are exactly those the page lists."""
    files = pair(tmp_path / "whole")
    files.run("secondary", "UPDATE dcwc SET acdcalls = acdcalls + 1 WHERE row_date = DATE '2000-06-03'")
    files.run("secondary", "INSERT INTO dcwc SELECT * FROM dcwc WHERE row_date = DATE '2000-06-02'")
    busy = build_files(
        tmp_path / "busy",
        ["htkgrp", "dtkgrp"],
        both={"htkgrp": [row("htkgrp", row_date=SUNDAY, tkgrp=1)], "dtkgrp": [row("dtkgrp", row_date=SUNDAY, tkgrp=1)]},
    )
    documents = [
        internal_document(files.open().verify_internal(tables=("hcwc",), acds=(1,))),
        internal_document(busy.open().verify_internal(tables=("dtkgrp",))),
    ]

    text = section(JSON, "Verify, internally")

    assert _fields(*documents) | {"notes[]"} == _listed(text)
    assert _values(InternalState) <= set(re.findall(r"`([^`]+)`", text))


def test_every_field_of_the_document_of_outages_is_described(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fields of a real document of outages are exactly those the page lists."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530)},
        secondary={"htrunk": trunks(500, 530, incomplete=1, incalls=1), "linkex": [outage(513, 360)]},
    )
    interfere(monkeypatch, Role.SECONDARY, Interference(before_query=_unreadable))

    document = typed("outages", "--pair", files.pair_file, "--json").document

    found = _without(_without(_fields(document), "plan"), "outages[].skipped[]")
    assert found | {"notes[]"} == _listed(section(JSON, "Outages"))


def test_every_field_of_the_documents_of_a_backfill_is_described(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fields of real documents of a backfill, planned and done, are exactly those the page lists."""
    files = build_files(tmp_path, ["htrunk", "hcwc"], primary={"htrunk": trunks(400, 500)})
    words = ("backfill", "--pair", files.pair_file, "--window", "2000-06-05 00:00..05:59", "--json")

    interfere(monkeypatch, Role.SECONDARY, Interference(before_query=_unreadable))
    tables = ("--table", "htrunk", "--table", "hcwc")
    planned, done = (typed(*words, *tables, one).document for one in ("--dry-run", "--yes"))

    of_done, of_planned = section(JSON, "Backfill").split("With `--dry-run`")
    plan = Plan(BackfillPortion(Policy.FILL), 1, datetime(2000, 6, 5), Role.SECONDARY, "UTC", (), ())
    resumed = VerifiedRun(
        plan, RunOutcome("", ()), earlier_portions=(PortionRecord(1, False, 0, ("hcwc",), ("htrunk",)),)
    )
    before = _fields(backfill_outcome_document(resumed))
    found = _without(_fields(done), "outcome") - {"portions_before[]"}
    assert found | {field for field in before if field.startswith("portions_before[].")} == _listed(of_done)
    assert _without(_fields(planned), "plans[]") == _listed(of_planned)


def test_every_field_of_the_documents_of_sync_undo_and_errors_is_described(tmp_path: Path, typed: Typing) -> None:
    """Real documents of a sync, a plan of an undo, an undo and an error have no field that the page lacks."""
    names = [row("synonyms", value="1"), row("synonyms", value="2", item_name="Changed")]
    files = build_files(
        tmp_path,
        ["synonyms", "agroups"],
        primary={"synonyms": names},
        secondary={"synonyms": [row("synonyms", value="2")]},
    )
    words = ("--pair", files.pair_file, "--json")

    sync = typed("sync", "--set", "agent-groups", "--yes", *words).document
    planned, undo = (typed("undo", one, *words).document for one in ("--dry-run", "--yes"))
    error = typed("sync", "--set", "nonsense", "--yes", *words).document

    described = _listed(section(JSON, "Plan summary")) | _listed(section(JSON, "Resync"))
    elsewhere = {"after": "Verify", "outcome.by_hand[]": "Plan summary", "outcome.hooks[]": "One run"}
    for document in (sync, planned, undo):
        for field in _fields(document):
            known = field in described or any(one.startswith(f"{field}.") for one in described)
            assert known or field.startswith(tuple(elsewhere)), field
    assert set(sync["outcome"]["by_hand"][0]) == _line_fields() | {"why"}
    assert undo["after"] is None
    assert _fields(error) == _listed(section(JSON, "Error"))


def test_every_field_of_the_document_of_timetables_is_described(tmp_path: Path) -> None:
    """The fields of real documents of timetables and of an edit are exactly those the page lists."""
    pair = three_owners(tmp_path).open()
    document = timetables_document(pair.timetables())
    edit = plan_summary(pair.plan_run_on("this", owners="jm"))["edit"]

    listing, of_edit = section(JSON, "Timetables").split("With `--run-on`")

    fields = {path for path in _fields(document) if not path.startswith("timetables[].primary.")}
    assert fields == _listed(listing) - {"timetables[].primary"}
    assert {re.sub(r"\.(label|stored)$", "", path) for path in _fields(edit)} == _listed(of_edit)


def test_every_field_of_the_document_of_a_checklist_is_described(tmp_path: Path, typed: Typing) -> None:
    """The fields of a real document of a checklist are exactly those the page lists, and each word in them is there."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)})
    words = ("checklist", "collection-off-and-on", "--pair", files.pair_file, "--json")

    document = typed(*words, "--tick", "2").document

    text = section(JSON, "Checklist")
    # These two are null for lines that are not done, or not probed.
    assert _fields(document) - {"lines[].tick", "lines[].probe"} | {"notes[]"} == _listed(text)
    assert _values(ProbeState, TickedBy, Place) <= set(re.findall(r"`([^`]+)`", text))


def test_every_field_of_the_documents_of_status_and_runs_is_described(tmp_path: Path, typed: Typing) -> None:
    """The fields of real documents of a daily check, of runs and of one are those the pages list, each word too."""
    files = build_files(
        tmp_path,
        ["htrunk", "call_rec", "synonyms"],
        both={
            "htrunk": [*trunks(400, 430), *trunks(530, 630)],
            "call_rec": [row("call_rec", row_time=500, callid=1)],
            "dcalloc": [storage("call records", rows=10)],
        },
        primary={"htrunk": [*trunks(500, 530), *trunks(630, 700)], "synonyms": [row("synonyms", value="1")]},
        secondary={"htrunk": trunks(500, 530, incomplete=1, incalls=1), "linkex": [outage(513, 360), outage(545, 60)]},
        archived={"primary": datetime(2000, 6, 5, 7), "secondary": datetime(2000, 6, 5, 5, 30)},
    )
    with_hooks(files, hook("links", key="secondary"), hook("visual-vectors"))
    words = ("--pair", files.pair_file, "--json")
    typed("sync", "--table", "synonyms", "--yes", *words)
    daily = typed("status", *words).document
    runs, one = typed("runs", *words).document, typed("runs", daily["runs"][0]["run"], *words).document

    found = _without(_fields({"daily": daily["daily"]}), "daily.by_hand[]")
    assert _without(found, "daily.servers[].archives[]") | {"daily"} == _listed(section(JSON, "Status"))
    assert all(set(line) == set(_line_fields()) for line in daily["daily"]["by_hand"])
    assert _fields(runs) | {"in_single_user_mode[]"} == _listed(section(JSON, "Runs"))
    of_runs = {path.removeprefix("runs[].") for path in _listed(section(JSON, "Runs"))}
    assert _fields(one) - of_runs == _listed(section(JSON, "One run")) - of_runs
    text = "".join(section(JSON, heading) for heading in ("Runs", "One run", "Status"))
    assert _values(RunState, BatchState, HookState, TroubleKind, ArchiveFaultKind) <= set(
        re.findall(r"`([^`]+)`", text)
    )


@pytest.mark.parametrize(
    "page", [page for page in pages() if checklists_of(page.read_text(encoding="utf-8"))], ids=page_name
)
def test_the_checklists_of_a_page_are_fresh(page: Path) -> None:
    """A page has the lines of its source; `python -m tests.docs.generate_checklists` writes them."""
    text = page.read_text(encoding="utf-8")
    assert text == with_checklists(text)


def test_every_kind_of_hook_is_described() -> None:
    """The page of hooks has a row for each kind that one can be named for, and for no other."""
    text = section(DOCS / "how-to" / "hooks.md", "Kinds of hooks")
    named = [word for cell in re.findall(r"^\|([^|]+)\|", text, re.MULTILINE) for word in CODE.findall(cell)]
    assert sorted(named) == sorted(KINDS)


def test_every_checklist_has_a_page() -> None:
    """Each checklist stands on a page, with all its lines."""
    on_pages = [name for page in pages() for name in checklists_of(page.read_text(encoding="utf-8"))]
    assert sorted(on_pages) == list(procedure_names())


def test_every_skip_reason_is_described() -> None:
    """Both pages name every reason for which a plan leaves something as it is."""
    text = " ".join(JSON.read_text(encoding="utf-8").split())
    assert all(f"`{why.name.lower().replace('_', '-')}`" in text for why in SkipReason)
    advice = OUTAGE.read_text(encoding="utf-8")
    assert not [why.value for why in SkipReason if f"| {complete_commands(why.value)} |" not in advice]


CALLS = (
    *(open_pair, Pair.check, Pair.checklist, Pair.execute, Pair.plan_backfill, Pair.plan_resync, Pair.rows),
    *(Pair.status, Pair.verify),
)


@pytest.mark.parametrize("call", CALLS)
def test_every_parameter_of_the_python_api_is_described(call: Callable[..., Any]) -> None:
    """The heading of a call names its parameters in order, the first of many; a table names each with its default."""
    text = PYTHON_API.read_text(encoding="utf-8")
    name = call.__name__ if call is open_pair else f"Pair.{call.__name__}"
    parameters = [one for one in inspect.signature(call).parameters.values() if one.name != "self"]
    heading = next(line for line in text.splitlines() if line.startswith(f"## {name}("))
    headed, names = re.findall(r"\w+", heading.partition("(")[2]), [one.name for one in parameters]
    assert headed == (names[: len(headed)] if "..." in heading else names)
    if name != "Pair.execute":
        listed = {cells[0]: cells[1] for cells in table_rows(section(PYTHON_API, heading.removeprefix("## ")))}
        assert list(listed) == [one.name for one in parameters]
        for one in parameters:
            if isinstance(one.default, str | bool | None):
                default = str(one.default) if isinstance(one.default, str) else one.default
                assert listed[one.name].strip("`").replace('"', "'") == repr(default)


def test_every_file_of_rule_tests_is_linked() -> None:
    """The page of rules leads to every file that shows one."""
    files = {path.name for path in (DOCS.parent / "tests" / "rules").glob("test_*.py")}
    text = RULES.read_text(encoding="utf-8")
    assert not [name for name in files if f"../../tests/rules/{name}" not in text]


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the keys of a file as people write them, tables of one's own naming as `<name>`."""
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        inner = _model_in(field.annotation)
        if inner is None:
            yield f"{key}.<column>" if key == "not_compared" else f"{key}.<name>" if key == "sources" else key
        elif "dict" in str(field.annotation):
            yield f"{key}.<name>"
            yield from _keys(inner, f"{key}.<name>.")
        else:
            if "tuple" in str(field.annotation):
                yield key
            yield from _keys(inner, f"{key}.")


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model_in(one)) is not None), None)


def _first_cells(page: Path) -> Iterator[str]:
    """Yield the names in the first column of a page's tables; a cell may hold several."""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


def _values(*kinds: type[Enum]) -> set[str]:
    return {str(member.value) for kind in kinds for member in kind}


def _unreadable(table: str) -> None:
    """Let a table be one that cannot be read."""
    if table == "hcwc":
        raise errors.ServerError("secondary: hcwc cannot be read")


def _without(fields: set[str], described: str) -> set[str]:
    """Return fields with all of one that is described elsewhere as that one."""
    return {described if field.startswith(f"{described}.") else field for field in fields}


def _line_fields() -> set[str]:
    """Return the fields of a line of a plan's checklist, as the page lists them."""
    listed = _listed(section(JSON, "Plan summary"))
    return {path.split(".")[2].removesuffix("[]") for path in listed if path.startswith("checklist.after[].")}


def _listed(text: str) -> set[str]:
    return {cells[0] for cells in table_rows(text)}


def _fields(*documents: dict[str, Any]) -> set[str]:
    """Return the paths of all fields, `[]` for lists; a list that is empty everywhere counts by itself."""
    found = {path for document in documents for path in _paths(document, "")}
    lists_of_objects = {inner[: at.end()] for inner in found for at in re.finditer(r"\[\](?=\.)", inner)}
    return found - lists_of_objects


def _paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict) and set(value) != WINDOW_FIELDS and path.rpartition(".")[2] not in BY_NAME:
        for name, inner in value.items():
            yield from _paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield f"{path}[]"
        for inner in value:
            yield from _paths(inner, f"{path}[]")
    else:
        yield path
