"""What became of one request: who asked for what, whether they got it, and by which rule."""

from __future__ import annotations

from typing import Literal

import msgspec

from openprofile.http.exchange import Request
from openprofile.http.refusal import fault_of
from openprofile.policy.decision import Trail


class Account(msgspec.Struct, frozen=True, rename="camel"):
    """One request and its outcome; nothing in it is secret."""

    request_id: str
    method: str
    target: str
    """The path as it was sent."""
    outcome: Literal["allowed", "refused", "failed"]
    status: int
    code: str | None
    """The code of the error."""
    tenant: str | None
    person: str | None
    """The caller's object id; None for an application, and where the token does not hold."""
    application: str | None
    owner: str | None
    """The id of the person whose data was asked for, where that became known."""
    rule: str | None
    """What decided: ``token``, ``grant``, ``fault`` for a planned one, or a Decision's rule."""
    reason: str | None


def account(request: Request, trail: Trail, ended: int | Exception) -> Account:
    """The account of a request that was answered with a status, or ended with an exception."""
    fault = fault_of(ended) if isinstance(ended, Exception) else None
    status = ended if isinstance(ended, int) else fault_of(ended).status
    outcome = outcome_of(status)
    decision = trail.decisions[-1] if trail.decisions else None
    rule, reason = None, None
    if trail.planned and outcome != "allowed":
        rule, reason = "fault", trail.planned[-1]
    elif fault is not None and fault.status == 401:
        rule, reason = "token", fault.message
    elif decision is not None and decision.allowed == (outcome == "allowed"):
        rule, reason = decision.rule, decision.reason
    caller = trail.caller
    return Account(
        request_id=request.id,
        method=request.method,
        target=request.path,
        outcome=outcome,
        status=status,
        code=fault.code if fault else None,
        tenant=caller.tenant if caller else None,
        person=caller.person if caller else None,
        application=caller.application if caller else None,
        owner=trail.owner,
        rule=rule,
        reason=reason,
    )


def outcome_of(status: int) -> Literal["allowed", "refused", "failed"]:
    """What an answer of a status says became of its request."""
    if status >= 500:
        return "failed"
    return "refused" if status >= 400 else "allowed"
