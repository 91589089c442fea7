"""What is tried again, and what never is."""

from __future__ import annotations

import pytest

from syncengine.model.errors import UnknownOutcomeError
from syncengine.servers.retry import with_retries


def test_a_commit_of_unknown_outcome_is_not_tried_again() -> None:
    """Not even where the error says that the same again may succeed: what was committed would be committed twice."""
    sent = []

    def commit() -> None:
        sent.append("commit")
        raise UnknownOutcomeError("secondary: the link dropped while committing.", transient=True)

    with pytest.raises(UnknownOutcomeError):
        with_retries(commit)

    assert sent == ["commit"]
