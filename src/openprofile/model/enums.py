"""The enumerations of a profile, with the members and numbers of Microsoft Graph's metadata."""

from __future__ import annotations

from openprofile.model.primitives import Enumeration


class AllowedAudiences(Enumeration, flags=True):
    """Who may see an item; see ``openprofile.policy.audience`` for what each member means."""

    me = 0
    family = 1
    contacts = 2
    groupMembers = 4
    organization = 8
    federatedOrganizations = 16
    everyone = 32
    unknownFutureValue = 64
