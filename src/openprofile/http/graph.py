"""The Graph API: who calls, what the path names, and which face answers there."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from openprofile.administration import Administration
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.errors import (
    MethodNotAllowed,
    NotSupported,
    PreconditionFailed,
    ResourceNotFound,
)
from openprofile.http.auth import authenticate, recognized
from openprofile.http.conditions import unless_there
from openprofile.http.exchange import Answer, Call, Handlers, Request
from openprofile.http.facets import FacetFace
from openprofile.http.groups import GroupsFace
from openprofile.http.holders import Holders
from openprofile.http.metadata import MetadataFace
from openprofile.http.objects import Answers
from openprofile.http.operation import operation
from openprofile.http.people import PeopleFace
from openprofile.http.profile import ProfileFace
from openprofile.http.properties import PropertyFace
from openprofile.identity.tokens import TokenVerifier
from openprofile.model.directory import VERSIONS
from openprofile.model.primitives import quoted
from openprofile.odata.filter_segment import as_option
from openprofile.odata.negotiation import answered_version
from openprofile.odata.path import Target, bind, parse
from openprofile.profiles import Profiles


class Graph:
    """Answers everything at and below ``/beta`` and ``/v1.0``; raises a Fault for what it
    refuses.
    """

    def __init__(
        self,
        profiles: Profiles,
        directory: Directory,
        administration: Administration,
        verifier: TokenVerifier,
        clock: Clock,
        token_key: bytes,
    ) -> None:
        """``token_key`` signs the ``$skiptoken`` of the links to next pages."""
        self._verifier = verifier
        self._metadata = MetadataFace()
        self._resources: dict[_Place, tuple[str, Handlers]] = {}
        """The operation's name and the handlers, by what they depend on of a target."""
        self._profile = ProfileFace(profiles, clock, token_key)
        self._facets = FacetFace(profiles, clock, token_key)
        self._properties = PropertyFace(Holders(profiles, directory, administration), clock)
        answers = Answers(directory, token_key)
        self._people = PeopleFace(directory, administration, answers)
        self._groups = GroupsFace(directory, administration, answers)

    async def answer(self, request: Request) -> Answer:
        """The answer to ``request``, whose path begins with the version."""
        _check_headers(request)
        if "filter" in request.path:
            path, query = as_option(request.path, request.query)
            request = msgspec.structs.replace(request, path=path, query=query)
        version, *segments = parse(request.path)
        model = VERSIONS.get(version)
        if model is None:
            raise ResourceNotFound(f"There is no version {quoted(version)} of the API.")
        if self._metadata.serves(segments):
            request.operation.name = f"/{version}/$metadata"
            return unless_there(request, self._metadata.answer(request, version, segments))
        verifier = self._verifier
        caller = recognized(request, verifier) or await authenticate(request, verifier)
        target = bind(segments, model, request.query)
        place = (version, target.names, target.collection, target.tail)
        known = self._resources.get(place)
        if known is None:
            request.operation.name = operation(version, target)
            known = (request.operation.name, self._handlers(target))
            if len(self._resources) < _RESOURCES:
                self._resources[place] = known
        request.operation.name, handlers = known
        method = "GET" if request.method == "HEAD" else request.method
        handler = handlers.get(method)
        if handler is None:
            raise MethodNotAllowed(request.method, list(handlers), read_only=target.kind.read_only)
        return unless_there(request, await handler(Call(request, caller, target, version)))

    def _handlers(self, target: Target) -> Handlers:
        match target.names:
            case _ if target.property_path:
                found = self._properties.handlers(target)
            case (_, "profile", _):
                found = self._facets.handlers(target)
            case (_, "profile"):
                found = self._profile.handlers(target) or self._facets.handlers(target)
            case ("groups", *_):
                found = self._groups.handlers(target)
            case _:
                found = self._people.handlers(target)
        if found is None:
            raise NotSupported("This operation target is not yet supported.")
        return found


_Place: TypeAlias = "tuple[str, tuple[str, ...], bool, tuple[str, ...]]"
"""A version, and the names, whether it is a collection, and the tail of a target."""
_RESOURCES = 4096
"""Places that are kept: the model has fewer, but managers have managers without end."""


def _check_headers(request: Request) -> None:
    """Raise for a header that every request must obey and this one cannot.

    No answer is older than OData 4.0, and none spans one state of the whole database
    (Protocol 4.01, sections 8.2.6 and 8.2.7).
    """
    headers = request.headers
    if "odata-maxversion" in headers:
        answered_version(headers["odata-maxversion"])
    if "isolation" in headers or "odata-isolation" in headers:
        raise PreconditionFailed(
            "Isolation is not supported: the pages of an answer may show different states.",
            target="Isolation",
        )
