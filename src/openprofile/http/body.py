"""The body of a request as the readers of payloads take it: JSON in UTF-8."""

from __future__ import annotations

from openprofile.errors import UnsupportedMediaType
from openprofile.http.exchange import Request
from openprofile.model.primitives import quoted


def json_body(request: Request) -> bytes:
    """The bytes of a JSON body; raises UnsupportedMediaType for any other."""
    media, *parameters = request.headers.get("content-type", "").lower().split(";")
    charset = "utf-8"
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charset = value.strip(' "')
    if media.strip() != "application/json" or charset not in ("utf-8", "us-ascii"):
        sent = request.headers.get("content-type")
        raise UnsupportedMediaType(
            f"The Content-Type is {quoted(sent) if sent else 'missing'}; "
            "expected application/json, in UTF-8."
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaType(
            f"The Content-Encoding is {quoted(encoding)}; expected a body that is not encoded."
        )
    return request.body
