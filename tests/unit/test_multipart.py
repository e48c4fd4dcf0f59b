import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile.errors import BadRequest
from openprofile.odata.batch import IndividualRequest, IndividualResponse
from openprofile.odata.multipart import read_multipart, write_multipart

BATCH = """\
a preamble
--b
Content-Type: application/http
Content-Transfer-Encoding: binary

GET /beta/me/profile HTTP/1.1
Host: localhost


--b
Content-Type: multipart/mixed; boundary="c d"

--c d
content-type: Application/HTTP; msgtype=request
Content-ID: 1

POST me/profile/interests HTTP/1.1
Content-Type: application/json
Content-Length: 18

{"categories":[1]}
--c d
Content-Type: application/http
Content-ID: x-2

delete http://localhost/beta/$1
--c d--
--b
Content-Type: application/http
Content-ID: 3

PATCH $1 HTTP/1.1
Prefer: a
prefer: b

{}
--b--
an epilogue
--b
"""


def read(text: str | bytes, boundary: str = "b", most: int = 20) -> list[IndividualRequest]:
    return read_multipart(text.encode() if isinstance(text, str) else text, boundary, most)


def part(content: str, headers: str = "Content-Type: application/http") -> str:
    return f"--b\r\n{headers}\r\n\r\n{content}\r\n--b--"


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_a_batch_is_divided_into_its_requests(newline: str) -> None:
    get, post, delete, patch = read(BATCH.replace("\n", newline))
    assert (get.id, get.method, get.url, get.group) == (None, "GET", "/beta/me/profile", None)
    assert get.headers == {"host": "localhost"}
    assert (post.id, post.method, post.url) == ("1", "POST", "me/profile/interests")
    assert post.body == b'{"categories":[1]}'
    assert post.headers["content-type"] == "application/json"
    assert (delete.id, delete.method, delete.url) == ("x-2", "DELETE", "http://localhost/beta/$1")
    assert post.group == delete.group is not None
    assert patch.headers == {"prefer": "a, b"}
    assert patch.body == b"{}"
    assert all(request.fault is None for request in (get, post, delete, patch))


def test_a_batch_may_be_empty() -> None:
    assert read("--b--") == []


@pytest.mark.parametrize("method", ["OPTIONS", "CONNECT", "X"])
def test_a_method_that_cannot_be_batched_is_the_fault_of_its_request(method: str) -> None:
    (request,) = read(part(f"{method} /me HTTP/1.1\r\n\r\n"))
    assert isinstance(request.fault, BadRequest)


def test_a_change_set_holds_no_reads() -> None:
    (request,) = read(
        part(
            "--c\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\nGET /me\r\n\r\n--c--",
            "Content-Type: multipart/mixed; boundary=c",
        )
    )
    assert isinstance(request.fault, BadRequest)


def change_set(*parts: str, headers: str = "Content-Type: multipart/mixed; boundary=c") -> str:
    inner = "".join(f"--c\r\n{each}\r\n" for each in parts)
    return part(f"{inner}--c--", headers)


HTTP = "Content-Type: application/http\r\nContent-ID: {}\r\n\r\nDELETE /me HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "closing delimiter"),
        ("--b", "closing delimiter"),
        ("--b\r\nContent-Type: application/http\r\n\r\nGET /me\r\n\r\n", "closing delimiter"),
        ("x--b--", "closing delimiter"),
        ("--bb--", "closing delimiter"),
        ("--b\r\n--b--", "missing; expected application/http"),
        (part("GET /me", "Content-Type: text/plain"), "text/plain"),
        (part("GET /me", "X: y"), "missing"),
        (part("GET /me", "nonsense"), "'nonsense'"),
        (part("GET /me", "Content-Type: application/http\r\n folded"), "' folded'"),
        (part("GET /me", "Content-Type: application/http\r\na b: c"), "'a b: c'"),
        (part("GET /me", "Content-Type: application/http\r\na: \x00"), "malformed"),
        (part("GET /me", "Content-Type: application/http\r\nX: " + "y" * 20_000), "longer than"),
        (
            part("GET /me", "Content-Type: application/http\r\nContent-Transfer-Encoding: base64"),
            "binary",
        ),
        (part("GET /me", "Content-Type: application/http\r\nContent-ID: <1>"), "'<1>'"),
        (part(""), "request line"),
        (part("GET"), "request line"),
        (part("GET  HTTP/1.1"), "request line"),
        (part("G(T /me HTTP/1.1"), "request line"),
        (part("GET /me HTTP/1.1\r\nbad header\r\n\r\n"), "'bad header'"),
        (part("GET /me HTTP/1.1\r\nX: " + "y" * 20_000), "longer than"),
        (change_set("Content-Type: application/http\r\n\r\nDELETE /me"), "no Content-ID"),
        (change_set(HTTP.format("1"), HTTP.format("1")), "repeated"),
        (change_set(HTTP.format("1"), headers="Content-Type: multipart/mixed"), "boundary"),
        (
            change_set(HTTP.format("1"), headers="Content-Type: multipart/mixed; boundary=b"),
            "closing delimiter",
        ),
        (
            change_set("Content-Type: multipart/mixed; boundary=d\r\n\r\n--d--"),
            "'multipart/mixed; boundary=d'; expected application/http",
        ),
    ],
)
def test_what_departs_from_the_form_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason.replace("(", r"\(")):
        read(text)


@pytest.mark.parametrize("boundary", ["", "x" * 71, "a b ", "ä", "a\r\nb", 'a"b'])
def test_a_malformed_boundary_is_refused(boundary: str) -> None:
    with pytest.raises(BadRequest, match="boundary"):
        read(f"--{boundary}--", boundary)


def test_requests_count_wherever_they_are() -> None:
    single = "--b\r\nContent-Type: application/http\r\n\r\nGET /me\r\n\r\n"
    assert len(read(single * 3 + "--b--", most=3)) == 3
    group = change_set(HTTP.format("1"), HTTP.format("2")).removesuffix("--b--")
    assert len(read(single + group + "--b--", most=3)) == 3
    for text in (single * 4, single * 2 + group, single * 100_000):
        with pytest.raises(BadRequest, match="3 at most"):
            read(text + "--b--", most=3)


def test_a_declared_length_cuts_what_the_delimiter_leaves() -> None:
    text = "PUT /me HTTP/1.1\r\nContent-Length: {}\r\n\r\nab\r\n"
    assert read(part(text.format(2)))[0].body == b"ab"
    assert read(part(text.format(99)))[0].body == b"ab\r\n"
    assert read(part(text.format("x")))[0].body == b"ab\r\n"


def response(
    id: str | None = None, status: int = 200, group: str | None = None, body: bytes = b"{}"
) -> IndividualResponse:
    headers = {"Content-Type": "application/json"} if body else {}
    return IndividualResponse(id=id, status=status, headers=headers, body=body, group=group)


def test_answers_are_written_in_the_form_of_the_requests() -> None:
    content_type, body = write_multipart(
        [
            response(),
            response("1", 201, "g"),
            response("2", 204, "g", b""),
            response("3", 424, "h"),
            response("4", 409, "h", b'{"error":4}'),
            response("5", 424, "i"),
        ],
        "token",
        change_sets=True,
    )
    assert content_type == "multipart/mixed; boundary=batch_token"
    assert body.decode().split("\r\n") == [
        "--batch_token",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "",
        "HTTP/1.1 200 OK",
        "Content-Type: application/json",
        "Content-Length: 2",
        "",
        "{}",
        "--batch_token",
        "Content-Type: multipart/mixed; boundary=changeset_1_token",
        "",
        "--changeset_1_token",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "Content-ID: 1",
        "",
        "HTTP/1.1 201 Created",
        "Content-Type: application/json",
        "Content-Length: 2",
        "",
        "{}",
        "--changeset_1_token",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "Content-ID: 2",
        "",
        "HTTP/1.1 204 No Content",
        "",
        "",
        "--changeset_1_token--",
        "",
        "--batch_token",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "Content-ID: 4",
        "",
        "HTTP/1.1 409 Conflict",
        "Content-Type: application/json",
        "Content-Length: 11",
        "",
        '{"error":4}',
        "--batch_token",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "Content-ID: 5",
        "",
        "HTTP/1.1 424 Failed Dependency",
        "Content-Type: application/json",
        "Content-Length: 2",
        "",
        "{}",
        "--batch_token--",
        "",
    ]


def test_a_json_batch_is_answered_with_a_part_for_each_request() -> None:
    _, body = write_multipart(
        [response("1", 409, "g"), response("ä", 424, "g")], "token", change_sets=False
    )
    assert body.count(b"application/http") == 2
    assert "Content-ID: ä\r\n".encode() in body


pieces = st.sampled_from(
    [*BATCH.splitlines(keepends=True), "--b", "--b--", "--c d", "\r\n", "\n", " ", "\x00", "é", ":"]
)


@given(st.lists(pieces, max_size=30).map("".join) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for body in (text, f"--b\r\n{text}\r\n--b--"):
        try:
            requests = read(body, most=3)
        except BadRequest:
            continue
        assert len(requests) <= 3


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadRequest):
        read(b"--b\r\nContent-Type: application/http\r\n\r\n" + body + b"\r\n--b--")
