"""What the tests of the command line share."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Typing


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typing:
    """Type commands in this process."""
    return Typing(capsys)
