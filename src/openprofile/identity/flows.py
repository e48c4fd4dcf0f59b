"""How a client comes by tokens of the local authority: the grants of OAuth 2.0.

The protocol is that of https://learn.microsoft.com/entra/identity-platform/v2-protocols. Consent
is always given: whoever runs the stand-in may be any of its people.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from openprofile.clock import Clock
from openprofile.identity.applications import Application
from openprofile.identity.clients import client, known, require_proof
from openprofile.identity.issuer import Authority
from openprofile.identity.oauth import (
    Asked,
    OAuthError,
    invalid_grant,
    invalid_request,
    need,
    scopes,
)
from openprofile.identity.pending import Pending
from openprofile.model.directory import Person

PASSWORD = "openprofile"  # noqa: S105  no secret: who runs the stand-in may be any of its people
"""The password of every person, for the grant that asks for one."""
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 90 * 24 * 3600
CODE_SECONDS = 300
DEVICE_SECONDS = 900
POLL_SECONDS = 1
"""How often a device may ask whether its code has been entered."""

_REFRESH = "urn:openprofile:refresh"
"""The audience of refresh tokens: they are good for nothing else."""
_SPENT = 10_000
"""Refresh tokens that are remembered as used."""
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


class SignIn(msgspec.Struct, frozen=True):
    """A sign-in that a client has asked for and that holds; a person is still to be chosen."""

    application: Application
    asked: Asked
    redirect_uri: str
    response_mode: str
    state: str | None
    nonce: str | None
    challenge: str | None
    """The S256 code challenge of PKCE (RFC 7636)."""


class _Code(msgspec.Struct, frozen=True):
    sign_in: SignIn
    person: str


class Device(msgspec.Struct):
    """A device that waits until a person has entered its code."""

    application: Application
    asked: Asked
    user_code: str
    person: str | None = None
    declined: bool = False


class Flows:
    """The token endpoint, and what leads to it."""

    def __init__(
        self,
        authority: Authority,
        clock: Clock,
        find: Callable[[str], Awaitable[Person | None]],
    ) -> None:
        """``find`` returns the person with an id or a principal name."""
        self.authority = authority
        self._find = find
        self._codes: Pending[_Code] = Pending(clock, CODE_SECONDS)
        self._devices: Pending[Device] = Pending(clock, DEVICE_SECONDS)
        self._entries: Pending[Device] = Pending(clock, DEVICE_SECONDS, _user_code)
        self._spent: dict[str, None] = {}
        self._grants = {
            "authorization_code": self._by_code,
            "client_credentials": self._by_secret,
            "password": self._by_password,
            "refresh_token": self._by_refresh_token,
            "urn:ietf:params:oauth:grant-type:device_code": self._by_device_code,
            "device_code": self._by_device_code,  # as MSAL for Node calls it
            "urn:ietf:params:oauth:grant-type:jwt-bearer": self._on_behalf,
        }

    @property
    def grant_types(self) -> list[str]:
        return list(self._grants)

    async def token(self, form: Mapping[str, str], authorization: str | None) -> dict[str, Any]:
        """The token endpoint's answer to ``form``; ``authorization`` is the header's value.

        Raises OAuthError.
        """
        grant = self._grants.get(need(form, "grant_type"))
        if grant is None:
            raise OAuthError(
                "unsupported_grant_type",
                70003,
                f"The grant_type is not supported; expected one of {', '.join(self._grants)}.",
            )
        application, proved = client(self.authority.applications, form, authorization)
        return await grant(form, application, proved)

    def sign_in(self, query: Mapping[str, str]) -> SignIn:
        """The sign-in that the parameters of the authorization endpoint ask for.

        Raises OAuthError where the client cannot be told, because it is unknown or may not be
        returned to; ``checked`` finds what it can be told.
        """
        application = known(self.authority.applications, need(query, "client_id"))
        redirect_uri = need(query, "redirect_uri")
        if not application.may_return_to(redirect_uri):
            raise invalid_request(
                "The redirect_uri is not an address of this machine, and not registered for the "
                "application.",
                50011,
            )
        mode = query.get("response_mode") or "query"
        if mode not in ("query", "fragment", "form_post"):
            raise invalid_request(
                "The response_mode is not supported; expected query, fragment or form_post."
            )
        return SignIn(
            application=application,
            asked=Asked("", (), default=False, openid=frozenset(), spelled=""),
            redirect_uri=redirect_uri,
            response_mode=mode,
            state=query.get("state"),
            nonce=query.get("nonce"),
            challenge=query.get("code_challenge"),
        )

    def checked(self, sign_in: SignIn, query: Mapping[str, str]) -> SignIn:
        """``sign_in`` with what it asks for; the OAuthError that it raises is for the client."""
        if query.get("response_type") != "code":
            raise OAuthError(
                "unsupported_response_type", 700054, "The response_type must be 'code'."
            )
        if sign_in.challenge is None:
            if sign_in.application.secret is None:
                raise invalid_request("A public client needs PKCE: send code_challenge.", 9002325)
        elif query.get("code_challenge_method") != "S256":
            raise invalid_request("The code_challenge_method must be S256.", 501491)
        asked = self._asked(query, sign_in.application)
        return msgspec.structs.replace(sign_in, asked=asked)

    def code(self, sign_in: SignIn, person: Person) -> str:
        """The authorization code by which the client gets the tokens for ``person``, once."""
        return self._codes.put(_Code(sign_in, person.id))

    def device(self, form: Mapping[str, str]) -> tuple[str, Device]:
        """A new device code, and the device that waits for its user code to be entered."""
        application = known(self.authority.applications, need(form, "client_id"))
        device = Device(application, self._asked(form, application), "")
        device.user_code = self._entries.put(device)
        return self._devices.put(device), device

    def waiting(self, user_code: str) -> Device | None:
        """The device that showed ``user_code``, as a person typed it."""
        device = self._entries.get("".join(filter(str.isalpha, user_code.upper())))
        return device if device and device.person is None and not device.declined else None

    def enter(self, device: Device, person: Person | None) -> None:
        """Let ``device`` act for ``person``, or refuse it."""
        self._entries.take(device.user_code)
        device.declined = person is None
        device.person = person.id if person else None

    async def _by_secret(
        self, form: Mapping[str, str], application: Application, proved: bool
    ) -> dict[str, Any]:
        require_proof(proved)
        asked = self._asked(form, application)
        if not asked.default or asked.permissions:
            raise OAuthError(
                "invalid_scope",
                1002012,
                f"An application by itself asks for the one scope {asked.audience}/.default.",
            )
        token = self.authority.application(
            application.roles,
            application=application,
            audience=asked.audience,
            expires_in=ACCESS_SECONDS,
        )
        return _answer(token)

    async def _by_code(
        self, form: Mapping[str, str], application: Application, proved: bool
    ) -> dict[str, Any]:
        found = self._codes.take(need(form, "code"))
        if found is None or found.sign_in.application is not application:
            raise invalid_grant(
                "The code is not one that this application was given, has been used, or expired.",
                70008,
            )
        sign_in = found.sign_in
        if form.get("redirect_uri") != sign_in.redirect_uri:
            raise invalid_grant(
                "The redirect_uri is not the one that the code was sent to.", 500112
            )
        verifier = form.get("code_verifier")
        if sign_in.challenge is not None:
            if verifier is None or not _matches(verifier, sign_in.challenge):
                raise invalid_grant("The code_verifier does not match the code_challenge.", 501481)
        else:
            require_proof(proved)
        asked = self._asked(form, application) if form.get("scope") else sign_in.asked
        person = await self._person(found.person)
        # What the person is signed in for was asked for at the authorization endpoint.
        asked = msgspec.structs.replace(asked, openid=asked.openid | sign_in.asked.openid)
        return self._delegated(form, application, asked, person, nonce=sign_in.nonce)

    async def _by_password(
        self, form: Mapping[str, str], application: Application, proved: bool
    ) -> dict[str, Any]:
        person = await self._find(need(form, "username"))
        right = hmac.compare_digest(need(form, "password").encode(), PASSWORD.encode())
        if person is None or not right:
            raise invalid_grant(
                "The username or the password is wrong; every person of the stand-in has the "
                "password that docs/local-authority.md tells.",
                50126,
            )
        return self._delegated(form, application, self._asked(form, application), person)

    async def _by_refresh_token(
        self, form: Mapping[str, str], application: Application, proved: bool
    ) -> dict[str, Any]:
        claims = self.authority.read(need(form, "refresh_token"), _REFRESH.__eq__)
        if claims is None or claims.get("appid") != application.id:
            raise invalid_grant("The refresh token is not one of this application, or expired.")
        asked = scopes(form.get("scope") or claims["scope"], self._serves(application))
        kept = {"offline_access", "openid"} if claims["openid"] else {"offline_access"}
        asked = msgspec.structs.replace(asked, openid=asked.openid | kept)
        person = await self._person(claims["oid"])
        self._spend(claims["jti"])
        return self._delegated(form, application, asked, person)

    async def _by_device_code(
        self, form: Mapping[str, str], application: Application, proved: bool
    ) -> dict[str, Any]:
        code = form.get("device_code") or need(form, "code")
        device = self._devices.get(code)
        if device is None or device.application is not application:
            raise OAuthError("expired_token", 70020, "The device code is unknown or has expired.")
        if device.declined:
            self._devices.take(code)
            raise OAuthError("authorization_declined", 70018, "The person refused the device.")
        if device.person is None:
            raise OAuthError("authorization_pending", 70016, "The code has not been entered yet.")
        self._devices.take(code)
        person = await self._person(device.person)
        return self._delegated(form, application, device.asked, person)

    async def _on_behalf(
        self, form: Mapping[str, str], application: Application, proved: bool
    ) -> dict[str, Any]:
        if form.get("requested_token_use") != "on_behalf_of":
            raise invalid_request("The requested_token_use must be 'on_behalf_of'.")
        require_proof(proved)
        claims = self.authority.read(need(form, "assertion"), self._serves(application))
        if claims is None or claims.get("idtyp") != "user":
            raise invalid_grant(
                "The assertion is not a delegated access token of this authority that holds.",
                50013,
            )
        person = await self._person(claims["oid"])
        return self._delegated(form, application, self._asked(form, application), person)

    def _delegated(
        self,
        form: Mapping[str, str],
        application: Application,
        asked: Asked,
        person: Person,
        *,
        nonce: str | None = None,
    ) -> dict[str, Any]:
        """The tokens by which ``application`` acts for ``person``."""
        granted = list(asked.permissions)
        if asked.default:
            granted += [name for name in application.scopes if name not in granted]
        token = self.authority.delegated(
            person.user,
            granted,
            directory_roles=person.directory_roles,
            application=application,
            audience=asked.audience,
            expires_in=ACCESS_SECONDS,
        )
        # MSAL finds a token again by the scopes that this says, in the client's own spelling.
        told = dict.fromkeys([*asked.spelled.split(), *(f"{asked.audience}/{n}" for n in granted)])
        answer = _answer(token) | {"scope": " ".join(told)}
        if "offline_access" in asked.openid:
            answer["refresh_token"] = self._refresh_token(application, asked, person)
        if "openid" in asked.openid:
            answer["id_token"] = self.authority.identity(
                person.user, application, nonce=nonce, expires_in=ACCESS_SECONDS
            )
        if form.get("client_info"):
            about = {"uid": person.id, "utid": self.authority.tenant}
            answer["client_info"] = _base64(msgspec.json.encode(about))
        return answer

    def _refresh_token(self, application: Application, asked: Asked, person: Person) -> str:
        claims = {
            "aud": _REFRESH,
            "appid": application.id,
            "oid": person.id,
            "scope": asked.spelled,
            "openid": "openid" in asked.openid,
        }
        return self.authority.sign(claims, REFRESH_SECONDS)

    def _spend(self, token_id: str) -> None:
        if token_id in self._spent:
            raise invalid_grant("The refresh token has been used; use the one that replaced it.")
        if len(self._spent) >= _SPENT:
            del self._spent[next(iter(self._spent))]
        self._spent[token_id] = None

    def _asked(self, form: Mapping[str, str], application: Application) -> Asked:
        return scopes(need(form, "scope"), self._serves(application))

    def _serves(self, application: Application) -> Callable[[str], bool]:
        """Which resources there are for ``application``: the service, and itself."""
        own = (application.id, f"api://{application.id}")
        return lambda resource: resource in own or self.authority.serves(resource)

    async def _person(self, person_id: str) -> Person:
        found = await self._find(person_id)
        if found is None:
            raise invalid_grant("The person is not in the directory (any more).", 50034)
        return found


def _answer(token: str) -> dict[str, Any]:
    return {
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "ext_expires_in": ACCESS_SECONDS,
        "access_token": token,
    }


def _matches(verifier: str, challenge: str) -> bool:
    """Whether ``verifier`` is what ``challenge`` was made from (RFC 7636, section 4.6)."""
    made = _base64(hashlib.sha256(verifier.encode()).digest())
    return hmac.compare_digest(made.encode(), challenge.rstrip("=").encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _user_code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(8))
