"""Values that may contain a password stay in their process."""

from __future__ import annotations

from typing import NoReturn


class NeverPickled:
    """A base class for values that may contain a password: they are neither pickled nor copied by pickling."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} may contain a password and cannot be pickled: pass the path of the pair file "
            "instead, and call syncengine.open_pair with it there."
        )
