"""A fault as text: the one error body of Graph, https://learn.microsoft.com/graph/errors."""

from __future__ import annotations

from typing import Any

import msgspec

from openprofile.clock import date_time_offset
from openprofile.errors import Fault


def fault_body(fault: Fault, *, ticks: int, request_id: str, client_request_id: str) -> bytes:
    """``{"error": {"code", "message", "innerError": {"date", "request-id", …}}}`` as JSON text.

    ``target`` and ``details`` are there where the fault names properties.
    """
    error: dict[str, Any] = {"code": fault.code, "message": fault.message}
    if fault.target is not None:
        error["target"] = fault.target
    if fault.details:
        error["details"] = fault.details
    error["innerError"] = {
        "date": date_time_offset(ticks)[:19],
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    return msgspec.json.encode({"error": error})
