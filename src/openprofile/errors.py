"""Every fault a caller can be told of: one class for each Graph error, with its status and code.

    Fault
    ├── BadRequest                    400  BadRequest
    │   ├── InvalidPayload            400  BadRequest, one detail for each property at fault
    │   └── UnsupportedQuery          400  Request_UnsupportedQuery
    ├── InvalidAuthenticationToken    401  InvalidAuthenticationToken
    ├── AuthorizationRequestDenied    403  Authorization_RequestDenied
    ├── ResourceNotFound              404  Request_ResourceNotFound
    │   └── ItemNotFound              404  itemNotFound
    ├── MethodNotAllowed              405  Request_BadRequest
    ├── NotAcceptable                 406  notAcceptable
    ├── RequestTimeout                408  requestTimeout
    ├── NameAlreadyExists             409  nameAlreadyExists
    │   └── ObjectConflict            409  Request_MultipleObjectsWithSameKeyValue
    ├── PreconditionFailed            412  preconditionFailed
    │   └── ResourceModified          412  resourceModified
    ├── RequestEntityTooLarge         413  requestEntityTooLarge
    ├── UriTooLong                    414  uriTooLong
    ├── UnsupportedMediaType          415  unsupportedMediaType
    ├── FailedDependency              424  failedDependency
    ├── TooManyRequests               429  TooManyRequests
    ├── RequestHeaderFieldsTooLarge   431  requestHeaderFieldsTooLarge
    ├── InternalError                 500  generalException
    ├── NotSupported                  501  NotImplemented
    ├── BadGateway                    502  BadGateway
    ├── ServiceUnavailable            503  serviceNotAvailable
    ├── GatewayTimeout                504  GatewayTimeout
    └── QuotaLimitReached             507  quotaLimitReached

The codes are those of https://learn.microsoft.com/graph/errors and of Graph's published samples.
Whatever else is raised while a request is answered is a defect, and becomes an InternalError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec


class Detail(msgspec.Struct, frozen=True):
    """What is wrong with one property: ``target`` is its path (``inference/confidenceScore``)."""

    code: str
    target: str
    message: str


class Fault(Exception):
    """A refusal that the caller is told of in Graph's error shape.

    ``message`` is a full sentence for the developer at the other end; it never holds a secret.
    ``target`` names the property or option at fault, ``headers`` go into the answer.
    """

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(
        self,
        message: str,
        *,
        target: str | None = None,
        details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.target = target
        self.details = tuple(details)
        self.headers = dict(headers or {})


class BadRequest(Fault):
    """The request cannot be understood."""

    status = 400
    code = "BadRequest"


class InvalidPayload(BadRequest):
    """The body is JSON, but not a representation of the type it stands for."""

    def __init__(self, details: Sequence[Detail]) -> None:
        super().__init__(
            " ".join(detail.message for detail in details),
            target=details[0].target if len(details) == 1 else None,
            details=details,
        )


class UnsupportedQuery(BadRequest):
    """The query options ask for what the directory has no index for; the message says what it
    has.
    """

    code = "Request_UnsupportedQuery"


class InvalidAuthenticationToken(Fault):
    """There is no bearer token, or one that does not hold (RFC 6750)."""

    status = 401
    code = "InvalidAuthenticationToken"


class AuthorizationRequestDenied(Fault):
    """The token holds, but not for this: the message says what would have allowed the call."""

    status = 403
    code = "Authorization_RequestDenied"


class ResourceNotFound(Fault):
    """The person or group that the path names is not in the directory."""

    status = 404
    code = "Request_ResourceNotFound"


class ItemNotFound(ResourceNotFound):
    """The collection holds no such item, or none that this caller may see."""

    code = "itemNotFound"


class MethodNotAllowed(Fault):
    """The resource exists, the method does not apply to it; ``Allow`` lists those that do: HEAD
    wherever GET does.
    """

    status = 405
    code = "Request_BadRequest"

    def __init__(self, method: str, allowed: Sequence[str], *, read_only: bool = False) -> None:
        allow = ", ".join(
            "GET, HEAD" if each == "GET" else each for each in allowed if each != "HEAD"
        )
        target = "target, which is read-only and" if read_only else "target, which"
        super().__init__(
            f"The method {method} is not allowed for the request {target} takes {allow or 'none'}.",
            headers={"Allow": allow},
        )


class NotAcceptable(Fault):
    """The answer is not to be had in a format that the client takes."""

    status = 406
    code = "notAcceptable"


class RequestTimeout(Fault):
    """The client has not sent the whole request within the time that it has."""

    status = 408
    code = "requestTimeout"


class NameAlreadyExists(Fault):
    """The id that the caller chose is taken."""

    status = 409
    code = "nameAlreadyExists"


class ObjectConflict(NameAlreadyExists):
    """Another object of the directory has the value that is to be unique."""

    code = "Request_MultipleObjectsWithSameKeyValue"


class PreconditionFailed(Fault):
    """The request depends on what does not hold, or what this service cannot promise."""

    status = 412
    code = "preconditionFailed"


class ResourceModified(PreconditionFailed):
    """The item is not in the state that ``If-Match`` or ``If-None-Match`` asks for."""

    code = "resourceModified"


class RequestEntityTooLarge(Fault):
    """The body is larger than the service reads."""

    status = 413
    code = "requestEntityTooLarge"


class UriTooLong(Fault):
    """The request's URL is longer than the service reads."""

    status = 414
    code = "uriTooLong"


class UnsupportedMediaType(Fault):
    """The body is in a format or an encoding that the service does not read."""

    status = 415
    code = "unsupportedMediaType"


class FailedDependency(Fault):
    """A request of the batch on which this one depends, or whose fate it shares, has failed."""

    status = 424
    code = "failedDependency"


class TooManyRequests(Fault):
    """The client is to wait as long as ``Retry-After`` says
    (https://learn.microsoft.com/graph/throttling).
    """

    status = 429
    code = "TooManyRequests"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class RequestHeaderFieldsTooLarge(Fault):
    """The request's headers are longer than the service reads."""

    status = 431
    code = "requestHeaderFieldsTooLarge"


class InternalError(Fault):
    """A defect of the service; the log holds the cause under the request's id."""

    status = 500
    code = "generalException"


class NotSupported(Fault):
    """The request is valid OData that this service does not implement."""

    status = 501
    code = "NotImplemented"


class BadGateway(Fault):
    """What stands in front of the service got no answer that it could pass on."""

    status = 502
    code = "BadGateway"


class ServiceUnavailable(Fault):
    """Nothing was done: the database, or the keys of the token's issuer, cannot be had now."""

    status = 503
    code = "serviceNotAvailable"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class GatewayTimeout(Fault):
    """What stands in front of the service waited too long for its answer."""

    status = 504
    code = "GatewayTimeout"


class QuotaLimitReached(Fault):
    """The collection holds as many items as the service allows it."""

    status = 507
    code = "quotaLimitReached"
