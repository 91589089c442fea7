"""What a pair file says for a call to support (High Availability guide, Preface, "Provide information")."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Support:
    """What support asks for and no server tells. What is empty is not known."""

    helpline: str = ""
    """Whom to call, and the number."""
    installation: str = ""
    """The number of the installation location (IL), ten digits."""
    contract: str = ""
    professional_services: str = ""
    """The contract with Professional Services about High Availability."""
    organization: str = ""
    contact: str = ""
    """Who calls, and the number under which to call back."""
    switch_release: str = ""
    primary_machine: str = ""
    """Type and speed of its processors."""
    secondary_machine: str = ""


NO_SUPPORT = Support()
"""A pair file without `[support]`."""
