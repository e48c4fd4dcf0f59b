"""From the verified claims of a token to the Caller, as the settings of its issuer say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openprofile.errors import InvalidAuthenticationToken
from openprofile.policy.caller import USER_ADMINISTRATOR, Caller
from openprofile.settings import IssuerSettings


def refuse(reason: str) -> InvalidAuthenticationToken:
    """The 401 that says ``reason``, with the challenge of RFC 6750, section 3."""
    challenge = f'Bearer realm="", error="invalid_token", error_description="{reason}"'
    return InvalidAuthenticationToken(reason, headers={"WWW-Authenticate": challenge})


def caller(claims: Mapping[str, Any], rules: IssuerSettings) -> Caller:
    """The caller that ``claims`` describe; raises InvalidAuthenticationToken."""
    scopes = _find(claims, rules.scope_claim)
    roles = _words(_find(claims, rules.role_claim))
    directory_roles = _words(claims.get("wids"))
    if not roles.isdisjoint(rules.administrator_roles):
        directory_roles |= {USER_ADMINISTRATOR}
    return Caller(
        tenant=_tenant(claims, rules),
        person=None if _is_application(claims, scopes) else _person(claims, rules),
        application=_text(claims.get("appid") or claims.get("azp") or claims.get("client_id")),
        application_name=_text(claims.get("app_displayname")),
        scopes=_words(scopes),
        roles=roles,
        directory_roles=directory_roles,
    )


def _is_application(claims: Mapping[str, Any], scopes: Any) -> bool:
    """Whether the token stands for an application by itself.

    Entra ID says so in ``idtyp``, or leaves the scopes out beside its own ``oid``; Auth0 says it
    in ``gty``; RFC 9068 (section 2.2) by a subject that is the client. A token that leaves it
    open is a person's, whose roles count for less.
    """
    if "idtyp" in claims:
        return bool(claims["idtyp"] == "app")
    if claims.get("gty") == "client-credentials":
        return True
    subject = claims.get("sub")
    if isinstance(subject, str) and subject in (claims.get("client_id"), claims.get("azp")):
        return True
    return scopes is None and isinstance(claims.get("oid"), str) and "tid" in claims


def _person(claims: Mapping[str, Any], rules: IssuerSettings) -> str:
    found = _find(claims, rules.person_claim)
    if not isinstance(found, str) or not 0 < len(found) <= 256 or not found.isprintable():
        raise refuse(f"The token lacks the claim '{rules.person_claim}', the id of the person.")
    return found.casefold()


def _tenant(claims: Mapping[str, Any], rules: IssuerSettings) -> str:
    accepted = rules.accepted_tenants
    if not accepted:
        (tenant,) = rules.spoken_for
        return tenant
    told = claims.get("tid")
    if not isinstance(told, str):
        raise refuse("The token lacks the claim 'tid'.")
    if told.casefold() not in accepted:
        raise refuse("The token is of a tenant (claim 'tid') that is not accepted here.")
    return told.casefold()


def _find(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, which may hold slashes as a URL does, or by a path into claims."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for step in name.split("/"):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _words(value: Any) -> frozenset[str]:
    """A claim's words: a list of strings, or one string with spaces between."""
    if isinstance(value, str):
        return frozenset(value.split())
    if isinstance(value, list):
        return frozenset(word for word in value if isinstance(word, str))
    return frozenset()
