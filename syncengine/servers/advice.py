"""What to do about what a server refuses, said alike for every kind of server."""

from __future__ import annotations

CONSTRAINT = (
    "A row that is to be written there is not as it asks: change the row on the server it comes from where it is "
    "wrong, else the constraint on the server named here, or leave the table out with `exclude=`."
)
FOREIGN_KEY = (
    "A row that is written there refers to one that is not there, or one that is to be deleted is referred to: copy "
    "the other table first, change the key on the server named here, or leave the table out with `exclude=`."
)
DIVISION = (
    "A view, a function or a computed column there divides by zero: have it changed there, or leave the table out with "
    "`exclude=`."
)
