"""Gives account of requests: an audit line for every write and every refused read, and in the
stand-in the log of recent requests.
"""

from __future__ import annotations

import contextlib

from openprofile.errors import Fault, ServiceUnavailable
from openprofile.http.account import account
from openprofile.http.auth import authenticate, recognized
from openprofile.http.exchange import Answer, Face, Request
from openprofile.http.recent import RecentRequests
from openprofile.http.refusal import fault_of
from openprofile.identity.tokens import TokenVerifier
from openprofile.policy.decision import Trail
from openprofile.store.base import Unavailable
from openprofile.telemetry import log_account

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_LET = (401, 403, 404)
"""How a read ends that somebody was not let to; what is hidden from them is not found."""


def audited(face: Face, recent: RecentRequests | None = None) -> Face:
    """A face that answers as ``face`` does, and gives account of each request."""

    async def answer(request: Request) -> Answer:
        is_write = request.method not in _READS
        with Trail() as trail:
            try:
                found = await face(request)
            except Exception as error:
                told = is_write or (isinstance(error, Fault) and error.status in _NOT_LET)
                if told or recent is not None:
                    _give(request, trail, error, recent, told=told)
                raise
            told = is_write or found.status in _NOT_LET
            if told or recent is not None:
                _give(request, trail, found.status, recent, told=told)
            return found

    return answer


def audited_batch(face: Face, recent: RecentRequests | None = None) -> Face:
    """A face of batches that gives account of each that is refused as a whole, and of each to which
    something happened that was planned: of any other, every request in it gives account of itself.
    """

    async def answer(request: Request) -> Answer:
        with Trail() as trail:
            try:
                found = await face(request)
            except Exception as error:
                _give(request, trail, error, recent, told=True)
                raise
            if trail.planned:
                _give(request, trail, found.status, recent, told=False)
            return found

    return answer


async def audited_unread(
    request: Request,
    fault: Fault,
    verifier: TokenVerifier,
    recent: RecentRequests | None = None,
) -> None:
    """Give account of a request that was refused before any face saw it.

    Of one that is turned away because there is too much to do, nobody is asked whose it is.
    """
    told = request.method not in _READS
    if not told and recent is None:
        return
    with Trail() as trail, contextlib.suppress(Fault, Unavailable):
        if isinstance(fault, ServiceUnavailable):
            recognized(request, verifier)
        else:
            await authenticate(request, verifier)
    _give(request, trail, fault, recent, told=told)


def _give(
    request: Request,
    trail: Trail,
    how: int | Exception,
    recent: RecentRequests | None,
    *,
    told: bool,
) -> None:
    found = account(request, trail, how)
    if told:
        log_account(found)
    if recent is not None:
        message = fault_of(how).message if isinstance(how, Exception) else None
        recent.add(found, request.query, trail, message)
