"""What may hold a password stays in its process."""

from __future__ import annotations

from typing import NoReturn


class NeverPickled:
    """A base of what may hold a password: it is neither pickled nor copied by that way."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"What may hold a password is not pickled, here a {type(self).__name__}: hand over the path of the pair "
            "file instead, and call syncengine.open_pair with it there."
        )
