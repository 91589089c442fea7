"""What a page has to lead to at night: the list to follow, and what to have written down before."""

from __future__ import annotations

import re

from syncengine.catalogue.procedure_file import procedure_names
from tests.docs.pages import DOCS


def test_every_checklist_has_its_row_and_the_nights_have_theirs() -> None:
    """The page of checklists lists all of them with their pages, and the README's nights name what there is to type."""
    page = (DOCS / "how-to" / "follow-a-checklist.md").read_text(encoding="utf-8")
    nights = (DOCS.parent / "README.md").read_text(encoding="utf-8").partition("## At night")[2].partition("\n## ")[0]

    listed = re.findall(r"^\| `([a-z-]+)` \|.*\]\(([a-z-]+)\.md", page, re.MULTILINE)

    assert sorted(name for name, _ in listed) == sorted(procedure_names())
    for name, place in listed:
        assert f"<!-- checklist: {name} -->" in (DOCS / "how-to" / f"{place}.md").read_text(encoding="utf-8")
    assert {"takeover", "return", "secondary-return"} == set(re.findall(r"`checklist ([a-z-]+)`", nights))
    assert "(docs/how-to/takeover.md#before-the-night)" in nights
