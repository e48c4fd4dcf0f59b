"""What the service says of itself: service document, metadata, OpenAPI.

As with Graph, it needs no token: it holds nothing of anybody.
"""

from __future__ import annotations

import msgspec

from openprofile import __version__
from openprofile.errors import MethodNotAllowed, NotAcceptable
from openprofile.http.exchange import Answer, Request, odata_answer
from openprofile.http.query import refuse_options
from openprofile.model.directory import BETA, VERSIONS
from openprofile.odata.media import accepted, media_type
from openprofile.odata.query.options import options
from openprofile.odata.schema import schema


class MetadataFace:
    """Answers a version's root and its ``$metadata``, and gives the OpenAPI document."""

    def serves(self, segments: list[str]) -> bool:
        """Whether these segments, below the version, are this face's."""
        return segments in ([], ["$metadata"])

    def answer(self, request: Request, version: str, segments: list[str]) -> Answer:
        """The service document or the metadata document; raises MethodNotAllowed,
        NotAcceptable.
        """
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(request.method, ["GET"])
        return self._metadata(request, version) if segments else self._service(request, version)

    def openapi(self) -> bytes:
        """The OpenAPI document as JSON text."""
        # a document is seldom asked for: what writes it is loaded then, and not at each start
        from openprofile.odata.openapi import openapi  # noqa: PLC0415
        from openprofile.odata.operations import operations, system_operations  # noqa: PLC0415

        served = [*operations(BETA), *system_operations(BETA)]
        document = openapi(schema(BETA), served, __version__)
        return msgspec.json.encode(document)

    def _service(self, request: Request, version: str) -> Answer:
        form = request.format(_format(request.query, "the service document"))
        control = {f"{form.prefix}context": f"{request.origin}/{version}/$metadata"}
        document = {
            **(control if form.metadata != "none" else {}),
            "value": [
                {
                    "name": name,
                    "kind": "EntitySet" if found.collection else "Singleton",
                    "url": name,
                }
                for name, found in VERSIONS[version].container.items()
            ],
        }
        return odata_answer(200, form, msgspec.json.encode(document))

    def _metadata(self, request: Request, version: str) -> Answer:
        from openprofile.odata.csdl import csdl_json, csdl_xml  # noqa: PLC0415  as in openapi

        model = schema(VERSIONS[version])
        headers = {"OData-Version": request.version, "Vary": "Accept, OData-MaxVersion"}
        if _wants_json(request):
            headers["Content-Type"] = "application/json"
            return Answer(200, headers, csdl_json(model))
        headers["Content-Type"] = "application/xml"
        return Answer(200, headers, csdl_xml(model))


def _format(query: str, what: str) -> str | None:
    """The value of ``$format``, the one option that ``what`` takes; raises as ``options`` does."""
    chosen = options(query)
    refuse_options(chosen, allowed=("format",), where=what)
    return chosen.format


def _wants_json(request: Request) -> bool:
    """Whether the client asks for JSON; XML is the default, as OData Protocol 11.1.2 has it."""
    asked = _format(request.query, "$metadata") or request.headers.get("accept", "")
    for media in accepted(asked) if asked.strip() else ["*/*"]:
        name = media_type(media).name
        if name in ("json", "application/json"):
            return True
        if name in ("xml", "application/xml", "*/*", "application/*", "text/html"):
            return False
    raise NotAcceptable("The metadata is there as application/xml and application/json.")
