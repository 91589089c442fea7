"""The one place where errors of servers, and their causes, lose the values that a url takes from the environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from syncengine.model.mask import Mask

FIELDS = ("message", "hint", "faults", "strerror", "filename", "filename2", "statement", "params")
"""The fields with the texts of errors, beside their arguments."""


class DriverTextError(Exception):
    """An error of a driver that could only be masked as text."""


@contextmanager
def masking(mask: Mask) -> Iterator[None]:
    """Raise the same errors, with the masked values removed from them and from their causes."""
    try:
        yield
    except BaseException as error:
        if not mask:
            raise
        shown = _shown(error, mask, {})
        if shown is error:
            raise
        raise shown from shown.__cause__


def _shown(error: BaseException, mask: Mask, seen: dict[int, BaseException]) -> BaseException:
    """Return an error that can be shown: the same one, masked if necessary, or another in its place."""
    if id(error) in seen:
        return seen[id(error)]
    seen[id(error)] = error
    if _reveals(error, mask):
        _change(error, mask)
    shown = error
    if _reveals(error, mask):
        shown = DriverTextError(f"{type(error).__name__}: {mask.text(_text(error))}").with_traceback(
            error.__traceback__
        )
        seen[id(error)] = shown
    suppressed = error.__suppress_context__
    if error.__cause__ is not None:
        shown.__cause__ = _shown(error.__cause__, mask, seen)
    if error.__context__ is not None:
        shown.__context__ = _shown(error.__context__, mask, seen)
    shown.__suppress_context__ = suppressed
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            _shown(one, mask, seen)
    return shown


def _text(error: BaseException) -> str:
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


def _reveals(error: BaseException, mask: Mask) -> bool:
    # The name of its class is ours or the driver's.
    texts = (
        _text(error),
        *map(repr, error.args),
        *map(str, vars(error).values() if hasattr(error, "__dict__") else ()),
    )
    return any(mask.text(text) != text for text in texts)


def _change(error: BaseException, mask: Mask) -> None:
    """Mask the parts of an error, as far as they can be changed."""
    with suppress(Exception):
        error.args = tuple(_masked(one, mask) for one in error.args)
    for name in {*FIELDS, *getattr(error, "__dict__", ())}:
        value = getattr(error, name, None)
        with suppress(Exception):
            setattr(error, name, _masked(value, mask)) if value is not None else None
    notes = getattr(error, "__notes__", None)
    if notes:
        notes[:] = [_masked(one, mask) for one in notes]


def _masked(value: Any, mask: Mask) -> Any:  # noqa: ANN401  # whatever an error is made of
    if isinstance(value, str):
        return mask.text(value)
    if isinstance(value, bytes):
        return mask.text(value.decode(errors="replace")).encode()
    if isinstance(value, tuple | list):
        return type(value)(_masked(one, mask) for one in value)
    return value
