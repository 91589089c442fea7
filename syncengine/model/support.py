"""Details in the pair file for a call to support (High Availability guide, Preface, "Provide information")."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Support:
    """Details that support asks for and no server has; empty ones are not known."""

    helpline: str = ""
    """The helpline and its number."""
    installation: str = ""
    """The number of the installation location (IL), ten digits."""
    contract: str = ""
    professional_services: str = ""
    """The contract with Professional Services about High Availability."""
    organization: str = ""
    contact: str = ""
    """The caller, and a number to call back."""
    switch_release: str = ""
    primary_machine: str = ""
    """The type and speed of its processors."""
    secondary_machine: str = ""


NO_SUPPORT = Support()
"""A pair file without `[support]`."""
