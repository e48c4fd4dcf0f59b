"""What a request's body may be: its size, its media type and its encoding."""

from __future__ import annotations

import zlib

from openprofile.errors import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from openprofile.http.exchange import Request
from openprofile.model.primitives import quoted
from openprofile.odata.media import media_type

_GZIP = 16 + zlib.MAX_WBITS
_CHARSETS = ("utf-8", "us-ascii")
_PARAMETERS = frozenset(
    ("charset", "exponentialdecimals", "ieee754compatible", "metadata", "odata.metadata",
     "odata.streaming", "streaming")
)  # fmt: skip
"""The parameters of the media type that OData JSON Format 4.01, section 3, knows, and charset."""
_VERSIONS = ("4.0", "4.01")
"""The versions of OData whose bodies are read; they do not differ here but in control information,
both forms of which are read."""


def json_body(request: Request) -> bytes:
    """The request's body, which must be JSON in UTF-8.

    Raises UnsupportedMediaType for another media type or encoding, BadRequest for another version
    of OData than 4.0 and 4.01, and as ``decoded`` does.
    """
    media = media_type(request.headers.get("content-type", ""))
    charset = media.parameters.get("charset", "utf-8").lower()
    known = media.parameters.keys() <= _PARAMETERS
    if media.name != "application/json" or charset not in _CHARSETS or not known:
        sent = request.headers.get("content-type")
        raise UnsupportedMediaType(
            f"The Content-Type is {quoted(sent) if sent else 'missing'}; "
            "expected application/json, in UTF-8, with no parameters but OData's."
        )
    version = request.headers.get("odata-version")
    if version is not None and version.strip() not in _VERSIONS:
        raise BadRequest(
            f"The body's OData-Version is {quoted(version)}; expected {' or '.join(_VERSIONS)}.",
            target="OData-Version",
        )
    return decoded(request)


def text_body(request: Request) -> str:
    """The request's body, which must be text/plain in UTF-8; raises as ``json_body`` does."""
    media = media_type(request.headers.get("content-type", ""))
    charset = media.parameters.get("charset", "utf-8").lower()
    if media.name != "text/plain" or charset not in _CHARSETS:
        raise UnsupportedMediaType(
            "A raw value is sent as text/plain in UTF-8; in JSON it is sent to the property's own "
            "URL, without /$value."
        )
    try:
        return decoded(request).decode()
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not UTF-8.") from error


def decoded(request: Request) -> bytes:
    """The request's body without its Content-Encoding, of which gzip is read.

    Raises UnsupportedMediaType for any other, RequestEntityTooLarge for a body of more than
    the request's limit, beyond which nothing is inflated, and BadRequest for one that is not gzip.
    """
    most = request.body_limit
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return request.body
    if encoding not in ("gzip", "x-gzip"):
        raise UnsupportedMediaType(
            f"The Content-Encoding is {quoted(encoding)}; expected gzip, or a body that is not "
            "encoded.",
            headers={"Accept-Encoding": "gzip"},
        )
    inflating = zlib.decompressobj(_GZIP)
    try:
        body = inflating.decompress(request.body, most + 1)
    except zlib.error as error:
        raise BadRequest("The body is not valid gzip, as its Content-Encoding says.") from error
    if len(body) > most:
        raise too_large(most)
    if not inflating.eof or inflating.unused_data:
        raise BadRequest("The body must be one whole gzip member, and end with it.")
    return body


def too_large(most: int) -> RequestEntityTooLarge:
    """What is raised for a body of more than ``most`` bytes."""
    return RequestEntityTooLarge(f"The body is larger than {most} bytes, the most that is read.")
