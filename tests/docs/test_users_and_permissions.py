"""What the page about users and permissions says of tables, compared with the table specs."""

from __future__ import annotations

from syncengine.model.spec import DataClass, SyncedBy
from tests.builders import catalogue
from tests.docs.pages import DOCS, page_name, section

PAGE = DOCS / "how-to" / "users-and-permissions.md"
GUIDE = (
    *("user data", "feature access", "ACD access", "split/skill access", "trunk group access", "vector access"),
    *("VDN access", "main menu addition access"),
)
"""The user permissions of the guide's chapter 2."""


def page_entries() -> dict[str, tuple[str, str]]:
    """Return, by table, what the page calls it and how it is treated; "the same" is what the row above says."""
    found: dict[str, tuple[str, str]] = {}
    treatment = ""
    for line in section(PAGE, "What is data").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[1].startswith("`"):
            treatment = treatment if cells[2] == "the same" else cells[2]
            found |= {name.strip("` "): (cells[0], treatment) for name in cells[1].split(",")}
    return found


def test_every_permission_of_the_guide_is_on_the_page() -> None:
    """Each user permission that the guide's chapter 2 lists has its line."""
    text = section(PAGE, "What is data")

    assert [name for name in GUIDE if f"| {name} |" not in text] == []


def test_the_tables_of_the_page_are_those_of_the_set() -> None:
    """The page names every table that the set `users` takes, and no other."""
    assert set(page_entries()) == set(catalogue().set("users").tables), page_name(PAGE)


def test_what_is_copied_and_what_is_not_is_as_the_specs_have_it() -> None:
    """Where the page says copied the spec says so; the rest is written only with --include-manual."""
    for table, (_, treatment) in page_entries().items():
        spec = catalogue().table(table)
        if "copied" in treatment:
            assert (spec.synced_by, spec.data_class) == (SyncedBy.COPYING, DataClass.SYSTEM), table
        else:
            assert "not written, unless `--include-manual`" in treatment
            assert spec.synced_by in (SyncedBy.BY_HAND, SyncedBy.BY_SWITCH), table
            assert spec.data_class is DataClass.ACD, table


def test_what_is_removed_with_a_user_is_as_the_specs_have_it() -> None:
    """The page names every table whose rows go with --remove-users."""
    removed = {spec.name for spec in catalogue().tables if spec.user_column}
    text = section(PAGE, "Remove")

    assert {name for name in page_entries() if f"`{name}`" in text} == removed
