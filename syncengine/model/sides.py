"""A value for each server of a pair, as source and target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from syncengine.model.pair import Role

Value = TypeVar("Value")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Sides(Generic[Value]):
    """A value of the source and one of the target; `source_role` says which server is the source."""

    source_role: Role
    source: Value
    target: Value

    @classmethod
    def by_role(cls, source_role: Role, values: Mapping[Role, Value]) -> Sides[Value]:
        """Return the values by server as those of source and target."""
        return cls(source_role, values[source_role], values[source_role.other])

    @property
    def target_role(self) -> Role:
        """The server that would be written to."""
        return self.source_role.other

    @property
    def roles(self) -> tuple[Role, Role]:
        """Which servers they are, in the order of the values."""
        return self.source_role, self.target_role

    def of(self, role: Role) -> Value:
        """Return the value of one of the two servers."""
        return dict(zip(self.roles, self, strict=True))[role]

    def map(self, make: Callable[[Value], Made]) -> Sides[Made]:
        """Return the result of `make` for each value."""
        return Sides(self.source_role, make(self.source), make(self.target))

    def __iter__(self) -> Iterator[Value]:
        """Yield the value of the source, then that of the target."""
        yield self.source
        yield self.target
