"""Whatever is raised while a request is answered, as the answer that tells the client."""

from __future__ import annotations

from openprofile.clock import Clock
from openprofile.errors import FailedDependency, Fault, InternalError, ServiceUnavailable
from openprofile.http.exchange import Answer
from openprofile.odata.fault import fault_body
from openprofile.store.base import Unavailable
from openprofile.store.deferred import Moved
from openprofile.store.group import GroupFailed
from openprofile.telemetry import log


def fault_of(error: Exception) -> Fault:
    """The fault that a client is told of, whatever was raised."""
    match error:
        case Fault():
            return error
        case Unavailable():
            return ServiceUnavailable("Nothing was stored: the database is not available.")
        case GroupFailed():
            return FailedDependency("Nothing of the atomicity group was stored.")
        case Moved():
            return ServiceUnavailable(
                "Nothing of the atomicity group was stored: what it has read of this item was "
                "changed by another request meanwhile."
            )
    return InternalError("The service failed; its log holds the cause.")


class Refusals:
    """Writes faults, and logs what is not the client's doing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def answer(self, error: Exception, request_id: str, client_id: str) -> Answer:
        """The answer to the request with these ids, in the one shape of an error."""
        fault = fault_of(error)
        if isinstance(error, Unavailable):
            log.error("store unavailable", request_id=request_id, reason=str(error))
        elif isinstance(fault, InternalError) and fault is not error:
            log.error("request failed", request_id=request_id, exc_info=error)
        body = fault_body(
            fault,
            ticks=self._clock.ticks(),
            request_id=request_id,
            client_request_id=client_id,
        )
        headers = {"Content-Type": "application/json", "OData-Version": "4.0", **fault.headers}
        return Answer(fault.status, headers, body)
