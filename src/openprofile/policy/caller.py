"""The caller: what a verified token says of who asks, through which application."""

from __future__ import annotations

import msgspec

from openprofile.errors import BadRequest

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
PEOPLE_ADMINISTRATOR = "024906de-61e5-49c8-8572-40335f1e0e10"
ADMINISTRATOR_ROLES = frozenset({GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR, PEOPLE_ADMINISTRATOR})
"""The directory roles whose holder may write the profiles of others, by the template ids that the
``wids`` claim carries (Microsoft Entra built-in roles)."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks: a person through an application (delegated), or an application by itself."""

    tenant: str
    """The tenant that the token is for (claim ``tid``)."""
    person: str | None
    """The person's object id (``oid``) of a delegated call; None for an application."""
    application: str | None = None
    """The application's id (``appid`` or ``azp``)."""
    application_name: str | None = None
    scopes: frozenset[str] = frozenset()
    """The delegated permissions (``scp``)."""
    roles: frozenset[str] = frozenset()
    """The application permissions (``roles``)."""
    directory_roles: frozenset[str] = frozenset()
    """The directory roles that the person holds (``wids``)."""

    @property
    def permissions(self) -> frozenset[str]:
        """What the token grants: the scopes of a delegated call, the roles of an application."""
        return self.roles if self.person is None else self.scopes

    @property
    def is_administrator(self) -> bool:
        return not self.directory_roles.isdisjoint(ADMINISTRATOR_ROLES)

    def addressed(self, who: str | None) -> str:
        """The id or name of the person that a path addresses by ``who``, or by ``/me`` where it
        is None; raises BadRequest for the ``/me`` of an application.
        """
        if who is not None:
            return who
        if self.person is None:
            raise BadRequest("/me request is only valid with delegated authentication flow.")
        return self.person
