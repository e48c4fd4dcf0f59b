"""The local authority over HTTP, at the paths that Microsoft Entra ID uses (the stand-in's alone).

Discovery and keys (OpenID Connect Discovery 1.0), the token, authorization and device endpoints
of OAuth 2.0, and who signed in (OpenID Connect Core 1.0).
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from openprofile.clock import Clock, date_time_offset, new_id
from openprofile.directory import Directory
from openprofile.errors import InvalidAuthenticationToken
from openprofile.http import sign_in as pages
from openprofile.http.account import Account, outcome_of
from openprofile.http.faults import Asked, Faults
from openprofile.http.form import form_of, parameters_of
from openprofile.http.origin import Origins
from openprofile.http.recent import RecentRequests
from openprofile.identity.flows import DEVICE_SECONDS, POLL_SECONDS, Flows, SignIn
from openprofile.identity.oauth import OAuthError, invalid_request
from openprofile.identity.tokens import TokenVerifier
from openprofile.model.directory import Person
from openprofile.policy.decision import Trail, current
from openprofile.store.base import Unavailable
from openprofile.telemetry import log_account

_LISTED = 100
"""People that the sign-in page lists."""


class AuthorityFace:
    """The endpoints of the local authority; every answer tells the address it was reached by."""

    def __init__(
        self,
        flows: Flows,
        verifier: TokenVerifier,
        directory: Directory,
        clock: Clock,
        origins: Origins,
        faults: Faults,
        recent: RecentRequests,
        *,
        domain: str,
    ) -> None:
        """``domain`` is what the tenant is called besides its id."""
        self._faults = faults
        self._recent = recent
        self._flows = flows
        self._authority = flows.authority
        self._verifier = verifier
        self._directory = directory
        self._clock = clock
        self._origins = origins
        self._tenants = {self._authority.tenant, domain, "common", "organizations"}

    async def answer(self, request: Request, handler: Handler) -> Response:
        """What one of its endpoints answers, or the refusal that it raised."""
        with Trail() as trail:
            try:
                answer = await self._handled(request, handler)
            except OAuthError as error:
                answer = self._refusal(request, error)
            except Unavailable:
                busy = "The database is not available."
                answer = self._refusal(request, _unavailable(busy, 503))
        if trail.planned:
            told = self._account(request, new_id(), answer.status_code, None, trail)
            self._recent.add(told, "", trail, None)
        caller = request.headers.get("origin", "")
        if self._authority.may_ask(caller):
            answer.headers["Access-Control-Allow-Origin"] = caller
            answer.headers["Vary"] = "Origin"
        return answer

    async def _handled(self, request: Request, handler: Handler) -> Response:
        """The handler's answer to a request that came by a name this service has."""
        peer = request.client.host if request.client else None
        origin = self._origins.believed(request.url.scheme, request.headers, peer)
        if origin is None:
            raise OAuthError(
                "invalid_request", 900561, "The Host is not a name of this service.", status=421
            )
        if request.method == "OPTIONS":
            allowed = {"Access-Control-Allow-Headers": "*, Authorization"}
            return Response(status_code=204, headers=allowed)
        tenant = request.path_params["tenant"]
        if tenant.casefold() not in self._tenants:
            raise OAuthError(
                "invalid_tenant",
                90002,
                f"The tenant is not known; it is {self._authority.tenant} here.",
            )
        return await self._faulty(handler, request, f"{origin}/{tenant}")

    async def _faulty(self, handler: Handler, request: Request, base: str) -> Response:
        """What the handler answers, but for the faults that are planned for its path."""
        asked = Asked(request.method, request.url.path, of_authority=True)
        ends = await self._faults.befall(asked)
        if ends is None:
            return await handler(self, request, base)
        if ends.fault.after:
            with contextlib.suppress(OAuthError, Unavailable):
                await handler(self, request, base)
        planned = ends.refusal()
        raise _unavailable(planned.message, planned.status, planned.headers)

    async def discovery(self, request: Request, base: str) -> Response:
        return JSONResponse(
            {
                "issuer": self._authority.issuers()[-1],
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
                "userinfo_endpoint": f"{base}/oidc/userinfo",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "grant_types_supported": self._flows.grant_types,
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                    "none",
                ],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "claims_supported": [
                    *("aud", "email", "exp", "iat", "iss", "name", "nbf", "nonce", "oid"),
                    *("preferred_username", "sub", "tid", "ver"),
                ],
                "request_uri_parameter_supported": False,
            }
        )

    async def keys(self, request: Request, base: str) -> Response:
        return Response(self._authority.jwks(), media_type="application/json")

    async def token(self, request: Request, base: str) -> Response:
        form = await form_of(request)
        answer = await self._flows.token(form, request.headers.get("authorization"))
        return JSONResponse(answer, headers=_KEPT_NOWHERE)

    async def device_code(self, request: Request, base: str) -> Response:
        code, device = self._flows.device(await form_of(request))
        page = f"{base}/oauth2/v2.0/deviceauth"
        return JSONResponse(
            {
                "device_code": code,
                "user_code": device.user_code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?user_code={device.user_code}",
                "expires_in": DEVICE_SECONDS,
                "interval": POLL_SECONDS,
                "message": f"To sign in, open {page} and enter the code {device.user_code}.",
            },
            headers=_KEPT_NOWHERE,
        )

    async def authorize(self, request: Request, base: str) -> Response:
        """The sign-in page, and what pressing one of its buttons leads to."""
        form = await form_of(request) if request.method == "POST" else {}
        query = parameters_of(request.url.query)
        chosen, refused = form.pop("person", None), "refuse" in form
        parameters = query | form
        try:
            sign_in = self._flows.sign_in(parameters)
        except OAuthError as error:
            self._tell(request, error, new_id())
            return pages.notice("Sign-in refused", error.description, error.status)
        try:
            sign_in = self._flows.checked(sign_in, parameters)
            if chosen is None and not refused:
                return await self._ask(base, sign_in, parameters)
            _refuse_strangers(request, base)
            person = await self._find(chosen) if chosen else None
            if person is None:
                raise _refused()
        except OAuthError as error:
            self._tell(request, error, new_id())
            told = {"error": error.error, "error_description": error.description}
            return _return(sign_in, told)
        return _return(sign_in, {"code": self._flows.code(sign_in, person)})

    async def _ask(self, base: str, sign_in: SignIn, parameters: Mapping[str, str]) -> Response:
        """Let the person choose; with ``prompt=none``, take the one that ``login_hint`` names."""
        hint = parameters.get("login_hint")
        hinted = await self._find(hint) if hint else None
        if parameters.get("prompt") == "none":
            if hinted is None:
                raise OAuthError(
                    "login_required", 50058, "prompt=none signs in whom login_hint names; nobody."
                )
            return _return(sign_in, {"code": self._flows.code(sign_in, hinted)})
        return pages.choose_person(
            f"{base}/oauth2/v2.0/authorize?{urlencode(parameters)}",
            sign_in.application.name,
            sign_in.asked.permissions or sign_in.application.scopes,
            [hinted] if hinted else await self._people(),
        )

    async def device_page(self, request: Request, base: str) -> Response:
        """The page on which a person enters the code that a device shows, and then who they are."""
        form = await form_of(request) if request.method == "POST" else {}
        typed = form.get("user_code") or parameters_of(request.url.query).get("user_code")
        page = f"{base}/oauth2/v2.0/deviceauth"
        if typed is None:
            return pages.enter_code(page)
        device = self._flows.waiting(typed)
        if device is None:
            return pages.enter_code(page, "No device waits with that code.")
        chosen = form.get("person")
        if chosen is None and "refuse" not in form:
            return pages.choose_person(
                f"{page}?{urlencode({'user_code': device.user_code})}",
                device.application.name,
                device.asked.permissions or device.application.scopes,
                await self._people(),
            )
        _refuse_strangers(request, base)
        person = await self._find(chosen) if chosen else None
        self._flows.enter(device, person)
        if person is None:
            self._tell(request, _refused(), new_id())
            return pages.notice("Refused", "The device gets no token.")
        return pages.notice("Signed in", "The device goes on by itself; close this page.")

    async def log_out(self, request: Request, base: str) -> Response:
        """Nobody stays signed in: what is left is to go where the client wants."""
        parameters = parameters_of(request.url.query)
        if request.method == "POST":
            parameters |= await form_of(request)
        uri = parameters.get("post_logout_redirect_uri")
        if uri and any(one.may_return_to(uri) for one in self._authority.applications.values()):
            state = parameters.get("state")
            return RedirectResponse(_joined(uri, "?", {"state": state} if state else {}), 302)
        return pages.notice("Signed out", "You are signed out; close this page.")

    async def user_info(self, request: Request, base: str) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise InvalidAuthenticationToken("Send 'Authorization: Bearer {token}'.")
            caller = await self._verifier.verify(token.strip())
        except InvalidAuthenticationToken as error:
            refusal = OAuthError("invalid_token", 50020, error.message, status=401)
            return self._refusal(request, refusal, "Bearer")
        person = await self._find(caller.person) if caller.person else None
        application = self._authority.applications.get((caller.application or "").casefold())
        if person is None or application is None:
            raise OAuthError("invalid_token", 50020, "The token names no person.", status=401)
        told = {
            "sub": self._authority.subject(application, person.user),
            "name": person.user.display_name,
            "given_name": person.user.given_name,
            "family_name": person.user.surname,
            "email": person.user.mail,
        }
        return JSONResponse({name: value for name, value in told.items() if value})

    async def _find(self, id_or_name: str) -> Person | None:
        return await self._directory.find(self._authority.tenant, id_or_name)

    async def _people(self) -> Sequence[Person]:
        return await self._directory.people(self._authority.tenant, most=_LISTED)

    def _tell(self, request: Request, error: OAuthError, request_id: str) -> None:
        """Leave the audit line of a refusal; what the client sent in a form stays out of it."""
        told = self._account(request, request_id, error.status, error, current() or Trail())
        log_account(told)

    def _account(
        self, request: Request, request_id: str, status: int, error: OAuthError | None, trail: Trail
    ) -> Account:
        rule, reason = ("grant", f"AADSTS{error.number}") if error else (None, None)
        return Account(
            request_id=request_id,
            method=request.method,
            target=request.url.path,
            outcome=outcome_of(status),
            status=status,
            code=error.error if error else None,
            tenant=self._authority.tenant,
            person=None,
            application=None,
            owner=None,
            rule="fault" if trail.planned else rule,
            reason=trail.planned[-1] if trail.planned else reason,
        )

    def _refusal(self, request: Request, error: OAuthError, challenge: str = "Basic") -> Response:
        """The error body of RFC 6749, section 5.2, with what Entra ID adds to it."""
        request_id, now = new_id(), f"{date_time_offset(self._clock.ticks())[:19]}Z"
        self._tell(request, error, request_id)
        headers = {**_KEPT_NOWHERE, **error.headers}
        if error.status == 401:
            headers["WWW-Authenticate"] = f'{challenge} realm="openprofile"'
        return JSONResponse(
            {
                "error": error.error,
                "error_description": f"{error.description} Trace ID: {request_id} Correlation ID: "
                f"{request_id} Timestamp: {now}",
                "error_codes": [error.number],
                "timestamp": now,
                "trace_id": request_id,
                "correlation_id": request_id,
            },
            error.status,
            headers,
        )


Handler = Callable[[AuthorityFace, Request, str], Awaitable[Response]]


def authority_routes(face_of: Callable[[str], AuthorityFace]) -> list[Route]:
    """The routes of the local authority; ``face_of`` returns what speaks for a tenant by its
    name, or what refuses one that nobody knows.
    """

    def route(path: str, handler: Handler, *methods: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await face_of(request.path_params["tenant"]).answer(request, handler)

        return Route(path, endpoint, methods=[*(methods or ["GET"]), "OPTIONS"])

    face, base = AuthorityFace, "/{tenant}/oauth2/v2.0"
    return [
        route("/{tenant}/v2.0/.well-known/openid-configuration", face.discovery),
        route("/{tenant}/discovery/v2.0/keys", face.keys),
        route(f"{base}/token", face.token, "POST"),
        route(f"{base}/devicecode", face.device_code, "POST"),
        route(f"{base}/authorize", face.authorize, "GET", "POST"),
        route(f"{base}/deviceauth", face.device_page, "GET", "POST"),
        route(f"{base}/logout", face.log_out, "GET", "POST"),
        route("/{tenant}/oidc/userinfo", face.user_info, "GET", "POST"),
    ]


_KEPT_NOWHERE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _unavailable(
    description: str, status: int, headers: Mapping[str, str] | None = None
) -> OAuthError:
    return OAuthError("temporarily_unavailable", 90033, description, status=status, headers=headers)


def _refused() -> OAuthError:
    return OAuthError("access_denied", 65004, "The person refused to sign in.")


def _refuse_strangers(request: Request, base: str) -> None:
    """Take a choice from this service's own page alone, not from another site's form."""
    sender = request.headers.get("origin")
    if sender is not None and not base.startswith(f"{sender}/"):
        raise invalid_request("The choice does not come from this service's own page.")


def _return(sign_in: SignIn, told: dict[str, Any]) -> Response:
    """Send the browser back to the client with what it is told."""
    if sign_in.state is not None:
        told["state"] = sign_in.state
    if sign_in.response_mode == "form_post":
        return pages.post_back(sign_in.redirect_uri, told)
    mark = "#" if sign_in.response_mode == "fragment" else "?"
    return RedirectResponse(_joined(sign_in.redirect_uri, mark, told), 302, _KEPT_NOWHERE)


def _joined(uri: str, mark: str, parameters: Mapping[str, str]) -> str:
    if not parameters:
        return uri
    return f"{uri}{'&' if mark == '?' and '?' in uri else mark}{urlencode(parameters)}"
