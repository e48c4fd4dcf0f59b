"""Tokens as somebody would make them who wants in: whatever is in them, they are a 401.

Each is signed with the issuer's own key, so that nothing but what is wrong with it refuses it.
"""

import gzip
import json
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.conftest import Running, Started, fault
from issuer import ForeignIssuer, encoded

pytestmark = pytest.mark.anyio
HEAD = {"alg": "RS256", "kid": "first"}


@pytest.fixture
async def running(started: Started) -> AsyncIterator[Running]:
    async with started(tenants=["t", "u"]) as running:
        yield running


def claims(issuer: ForeignIssuer, **changes: Any) -> dict[str, Any]:
    """The claims of a good token, with changes; None leaves one out."""
    now = int(time.time())
    whole = {"iss": issuer.url, "aud": "profiles", "tid": "t", "oid": "ade", "scp": "User.Read",
             "iat": now, "nbf": now, "exp": now + 600} | changes  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def signed(issuer: ForeignIssuer, head: Any, body: Any) -> str:
    """A token of two parts, each given as JSON or as its very bytes."""
    parts = (
        each if isinstance(each, bytes) else json.dumps(each).encode() for each in (head, body)
    )
    text = ".".join(map(encoded, parts))
    private: Any = issuer.keys[0].private_key
    return f"{text}.{encoded(private.sign(text.encode(), PKCS1v15(), SHA256()))}"


async def is_refused(running: Running, token: str) -> None:
    answer = await running.get(token)
    error = fault(answer, 401, "InvalidAuthenticationToken")
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm=""')
    told = error["message"] + challenge
    assert token not in told
    assert not any(part in told for part in token.split(".") if len(part) > 10)


async def test_the_token_that_the_others_are_made_from_is_good(
    running: Running, issuer: ForeignIssuer
) -> None:
    assert (await running.get(signed(issuer, HEAD, claims(issuer)))).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "none"},
        {"alg": "NONE"},
        {"alg": "rs256"},
        {"alg": "RS512"},
        {"alg": "HS256"},
        {"alg": "EdDSA"},
        {"alg": "ES256"},
        {"alg": "PS256"},
        {"alg": "RSA-OAEP", "enc": "A256GCM"},
        {"alg": ["RS256"]},
        {"alg": {"RS256": 1}},
        {"alg": None},
        {"alg": 256},
        {"kid": None},
        {"kid": ["first"]},
        {"kid": 1},
        {"kid": "first\0"},
        {"kid": "FIRST"},
        {"kid": "../first"},
        {"kid": "x" * 10_000},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": "kid"},
        {"crit": ["kid"]},
        {"crit": [1]},
        {"crit": None},
        {"b64": False},
    ],
    ids=str,
)
async def test_headers_that_do_not_hold(
    running: Running, issuer: ForeignIssuer, changes: dict[str, Any]
) -> None:
    await is_refused(running, signed(issuer, HEAD | changes, claims(issuer)))


@pytest.mark.parametrize(
    "changes",
    [
        *({name: value} for name in ("exp", "nbf", "iat") for value in (
            "1", "１７００００００００", [], {}, True, -1, 1e16, 10**40, -(10**40), 1e308, ""
        )),
        *({name: value} for name in ("iss", "tid", "oid", "aud") for value in (
            None, "", 7, True, [], {}, [[]], {"t": 1}, ["x"], "x\0", "t\n", "ｔ"
        ) if (name != "oid" or value != "ｔ")),
        {"exp": None},
        {"exp": 0},
        {"exp": 1_600_000_000},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
        {"iss": "https://login.microsoftonline.com/t/v2.0"},
        {"tid": "T" * 300},
        {"tid": ["t"]},
        {"tid": "v"},
        {"oid": "\u202e"},
        {"oid": "x" * 257},
        {"aud": "Profiles"},
        {"aud": "profiles "},
        {"aud": [["profiles"]]},
    ],
    ids=str,
)  # fmt: skip
async def test_claims_that_do_not_hold(
    running: Running, issuer: ForeignIssuer, changes: dict[str, Any]
) -> None:
    body = claims(issuer) | changes
    for name in [name for name, value in changes.items() if value is None]:
        await is_refused(
            running, signed(issuer, HEAD, {key: one for key, one in body.items() if key != name})
        )
    await is_refused(running, signed(issuer, HEAD, body))


def raw(issuer: ForeignIssuer, text: str) -> bytes:
    """The claims with ``text`` instead of the last brace."""
    return json.dumps(claims(issuer)).encode()[:-1] + text.encode()


@pytest.mark.parametrize(
    "end",
    [
        ', "exp": NaN}',
        ', "exp": Infinity}',
        ', "exp": -Infinity}',
        ', "exp": 1e999}',
        ', "exp": 0x7fffffff}',
        ', "exp": 99999999999999999999999999}',
        ', "exp": 1}',
        ', "aud": "other"}',
        ', "tid": "v"}',
        ', "iss": "other"}',
        ', "oid": null}',
        ', "oid": "\\ud800"}',
        ', "tid": "\\ud800"}',
        "} {}",
        "}garbage",
        ",}",
        "",
        ', "deep": ' + "[" * 6000 + "]" * 6000 + "}",
    ],
    ids=lambda end: end[:24],
)
async def test_claims_that_are_no_json_or_say_something_twice(
    running: Running, issuer: ForeignIssuer, end: str
) -> None:
    await is_refused(running, signed(issuer, HEAD, raw(issuer, end)))


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"x"', b"7", b"{", b"\xff\xfe{}", b"\xef\xbb\xbf{}"]
)
async def test_parts_that_are_no_objects(
    running: Running, issuer: ForeignIssuer, body: bytes
) -> None:
    await is_refused(running, signed(issuer, HEAD, body))
    await is_refused(running, signed(issuer, body, claims(issuer)))


async def test_a_body_that_is_compressed_is_not_inflated(
    running: Running, issuer: ForeignIssuer
) -> None:
    body = json.dumps(claims(issuer)).encode()
    for packed in (zlib.compress(body), gzip.compress(body), zlib.compress(body)[2:-4]):
        await is_refused(running, signed(issuer, HEAD | {"zip": "DEF"}, packed))


async def test_a_token_in_a_token(running: Running, issuer: ForeignIssuer) -> None:
    inner = signed(issuer, HEAD, claims(issuer))
    await is_refused(running, signed(issuer, HEAD | {"cty": "JWT"}, inner.encode()))
    await is_refused(running, signed(issuer, HEAD | {"cty": "JWT"}, json.dumps(inner).encode()))
    encrypted = encoded(json.dumps({"alg": "dir", "enc": "A256GCM"}).encode())
    await is_refused(running, f"{encrypted}..{encoded(b'x' * 12)}.{encoded(b'y')}.{encoded(b'z')}")


async def test_forms_that_are_not_the_compact_one(running: Running, issuer: ForeignIssuer) -> None:
    good = signed(issuer, HEAD, claims(issuer))
    head, body, signature = good.split(".")
    flat = json.dumps({"protected": head, "payload": body, "signature": signature})
    for bad in (
        flat,
        f"{good}.",
        f".{good}",
        good[:-1],
        f"{good}A",
        good * 30,
        f"{head}.{body}",
        f"{head}..{signature}",
        f"{head}.{body}.{signature}=",
        f"{head}.{body}. {signature}",
        f"{body}.{head}.{signature}",
        good.replace(".", "%2E"),
    ):
        await is_refused(running, bad)


async def test_a_token_with_its_signature_in_other_letters(
    running: Running, issuer: ForeignIssuer
) -> None:
    """Base64 has several spellings of the same bytes; only the signed text is the token."""
    good = signed(issuer, HEAD, claims(issuer))
    head, body, signature = good.split(".")
    for text in (f"{head}\n", f"{head}=", head.replace("e", "e!", 1)):
        await is_refused(running, f"{text}.{body}.{signature}")
        await is_refused(running, f"{head}.{text}.{signature}")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = ["alg", "kid", "typ", "crit", "b64", "zip", "cty", "x5c", "jwk", "iss", "aud", "tid", "oid",
         "sub", "scp", "roles", "wids", "exp", "nbf", "iat", "appid", "azp", "idtyp", "gty", "upn",
         "name", "preferred_username", "email", "app_displayname", "client_id"]  # fmt: skip


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=4))
async def test_whatever_is_in_a_token_it_is_believed_or_refused(
    running: Running, issuer: ForeignIssuer, changes: dict[str, Any]
) -> None:
    head = HEAD | {name: value for name, value in changes.items() if name in NAMES[:9]}
    body = claims(issuer) | {name: value for name, value in changes.items() if name in NAMES[9:]}
    answer = await running.get(signed(issuer, head, body))
    assert answer.status_code in (200, 400, 401, 403), answer.text
    if answer.status_code == 401:
        assert "www-authenticate" in answer.headers
