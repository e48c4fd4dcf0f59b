"""The page of limits: every bound in the code, what it stands for, what happens beyond it, and the
test that shows it.

``python tests/docs/limits_page.py`` prints it; ``docs/limits.md`` is what it prints.
"""

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "openprofile"
_API = "tests/api/test_limits.py::"
_QUERY = "tests/unit/odata/test_limits.py::test_going_beyond_a_limit_is_refused"
_LINE = "tests/unit/test_bulk_reader.py::test_"
_PAGING = "tests/unit/odata/test_paging.py::"
_NO_FAULT = {"page": "cut into pages", "sort_text": "ordered by its beginning",
             "cached_query": "parsed each time"}  # fmt: skip
_WITNESS = {
    "page": f"{_PAGING}test_a_page_is_never_unlimited",
    "sort_text": f"{_PAGING}test_a_long_text_is_ordered_by_its_beginning_and_keeps_the_token_short",
    "cached_query": "tests/unit/odata/test_limits.py::test_every_limit_has_its_case",
}

BEYOND: dict[str, dict[str, tuple[str, str]]] = {
    "settings.Limits": {
        "body": ("413 `requestEntityTooLarge`", f"{_API}test_a_body_has_so_many_bytes"),
        "batch": ("400 `BadRequest`", f"{_API}test_a_batch_has_so_many_requests"),
        "batch_body": ("413 `requestEntityTooLarge`", f"{_API}test_a_batch_has_so_many_bytes"),
        "url": ("414 `uriTooLong`", f"{_API}test_a_url_has_so_many_bytes"),
        "relations": (
            "400 `BadRequest`",
            "tests/api/test_audiences.py::test_lists_that_are_not_lists_of_people_are_refused",
        ),
        "items": ("507 `quotaLimitReached`", f"{_API}test_a_facet_has_so_many_items"),
    },
    "http.protocol": {
        "LONGEST_HEAD": (
            "414 `uriTooLong`, 431 `requestHeaderFieldsTooLarge`",
            "tests/io/test_wire.py::test_a_head_is_read_so_far_and_no_further",
        ),
    },
    "http.exchange": {
        "LONGEST_CLIENT_ID": (
            "not echoed",
            f"{_API}test_a_client_request_id_has_so_many_characters",
        ),
    },
    "http.faults": {
        "MOST_PLANNED": (
            "400 `BadRequest`",
            "tests/api/test_control.py::test_so_many_faults_are_planned_at_a_time",
        ),
        "LONGEST_DELAY": (
            "400 `BadRequest`",
            "tests/api/test_control.py::test_a_fault_that_cannot_happen_is_refused",
        ),
    },
    "document": {
        "LARGEST_DOCUMENT": (
            "refused, with line 1",
            "tests/unit/test_document.py::test_what_is_no_document_is_refused_with_its_line",
        ),
        "MOST_VALUES": (
            "refused, with its line",
            "tests/unit/test_document.py::test_what_is_no_document_is_refused_with_its_line",
        ),
    },
    "state": {
        "MOST_SNAPSHOTS": (
            "the oldest gives way",
            "tests/api/test_state.py::test_so_many_snapshots_are_kept_and_the_oldest_gives_way",
        ),
        "MOST_SEEDS": (
            "the second gives way",
            "tests/api/test_state.py::test_a_reset_stores_the_first_seed_and_the_newest_again",
        ),
    },
    "http.tenants": {
        "MOST_TENANTS": (
            "400 `BadRequest`",
            "tests/api/test_control.py::test_there_are_so_many_tenants",
        ),
    },
    "http.guard": {
        "MOST_HELD": (
            "503 `serviceNotAvailable`",
            f"{_API}test_bodies_have_so_many_bytes_together",
        ),
    },
    "http.throttle": {
        "MOST_CALLERS": (
            "who asked longest ago has a new bucket",
            "tests/unit/test_throttle.py::test_no_more_than_so_many_callers_are_kept",
        ),
    },
    "http.recent": {
        "LONGEST_MESSAGE": (
            "its beginning is kept",
            "tests/api/test_audit.py::test_the_log_keeps_the_beginning_of_a_message",
        ),
    },
    "http.query": {
        "LARGEST_PAGE": ("cut into pages", f"{_API}test_a_page_has_so_many_bytes"),
    },
    "http.expansions": {
        "MOST_INLINED": (
            "400 `Request_UnsupportedQuery`",
            f"{_API}test_the_expansions_of_an_answer_inline_so_many_objects",
        ),
        "LARGEST_PAGE": (
            "400 `BadRequest`",
            "tests/api/test_directory_queries.py::test_a_page_is_as_large_as_it_may_be",
        ),
    },
    "http.form": {
        "LARGEST_FORM": ("413 `invalid_request`", f"{_API}test_a_form_has_so_many_bytes"),
    },
    "bulk.reader": {
        "LONGEST_LINE": ("refused with the line's number", f"{_LINE}a_line_has_so_many_bytes"),
        "LONGEST_NAME": (
            "refused with the line's number",
            f"{_LINE}a_name_on_a_line_has_so_many_characters",
        ),
    },
    "finding.terms": {
        "LONGEST": (
            "found by its beginning",
            f"{_API}test_the_index_keeps_so_many_characters_of_a_value",
        ),
    },
    "identity.fetcher": {
        "LARGEST": (
            "503 `serviceNotAvailable`",
            "tests/api/test_foreign_issuers.py::test_an_issuer_that_cannot_be_used_is_a_503",
        ),
    },
    "identity.oauth": {
        "LONGEST": (
            "400 `invalid_request`",
            f"{_API}test_a_parameter_of_the_token_endpoint_has_so_many_characters",
        ),
    },
    "identity.tokens": {
        "LONGEST": (
            "401 `InvalidAuthenticationToken`",
            f"{_API}test_a_token_has_so_many_characters",
        ),
    },
    "store.sqlite_room": {
        "MOST_PROVED": (
            "`/readyz` may say yes, and the write is a 503",
            "tests/io/test_full_disk.py::test_what_does_not_fit_is_refused_and_nothing_is_harmed",
        ),
    },
    "odata.batch": {
        "LONGEST_ID": ("400 `BadRequest`", f"{_API}test_an_id_in_a_batch_has_so_many_characters"),
    },
    "odata.multipart": {
        "LONGEST_PART_HEAD": (
            "400 `BadRequest`",
            f"{_API}test_the_headers_of_a_part_have_so_many_bytes",
        ),
    },
    "odata.payload": {
        "MOST_NESTED": ("400 `BadRequest`", f"{_API}test_a_body_is_nested_so_deep"),
        "MOST_FAULTS": ("no more are told", f"{_API}test_so_many_faults_of_a_body_are_told"),
    },
    "store.base": {
        "LONGEST_STATEMENT": (
            "503 `serviceNotAvailable`",
            "tests/contract/test_sqlite.py::test_a_statement_that_takes_too_long_is_given_up",
        ),
    },
}
"""By place in the code and name: what happens beyond the limit, and the test that shows it."""


class Limit(NamedTuple):
    place: str
    name: str
    value: int
    meaning: str
    beyond: str
    witness: str


def limits() -> list[Limit]:
    """Every limit, with its value and its sentence in the code."""
    found = [
        Limit(place, name, *_stated(place, name), beyond, witness)
        for place, names in BEYOND.items()
        for name, (beyond, witness) in names.items()
    ]
    for name in _fields("odata.limits.Limits"):
        beyond = _NO_FAULT.get(name, "400 `BadRequest`")
        witness = _WITNESS.get(name, f"{_QUERY}[{name}]")
        stated = _stated("odata.limits.Limits", name)
        found.append(Limit("odata.limits.Limits", name, *stated, beyond, witness))
    return found


def _fields(place: str) -> tuple[str, ...]:
    """The fields of a table of limits."""
    module, _, table = place.rpartition(".")
    fields: tuple[str, ...] = getattr(
        importlib.import_module(f"openprofile.{module}"), table
    ).__struct_fields__
    return fields


def _stated(place: str, name: str) -> tuple[int, str]:
    """The value of a limit, and the text that stands below it in the code."""
    module, table = place, ""
    if place.endswith(".Limits"):
        module, _, table = place.rpartition(".")
    loaded = importlib.import_module(f"openprofile.{module}")
    value: int = getattr(getattr(loaded, table)(), name) if table else getattr(loaded, name)
    tree: ast.Module | ast.ClassDef = ast.parse(Path(str(loaded.__file__)).read_text("utf-8"))
    if table:
        tree = next(
            each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == table
        )
    for at, following in zip(tree.body, tree.body[1:], strict=False):
        targets: list[ast.expr] = []
        if isinstance(at, ast.AnnAssign):
            targets = [at.target]
        elif isinstance(at, ast.Assign):
            targets = at.targets
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert isinstance(following, ast.Expr)
            assert isinstance(following.value, ast.Constant)
            return value, " ".join(str(following.value.value).replace("``", "`").split())
    raise LookupError(f"{place}.{name} has no sentence")


def markdown() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Limits"
    yield ""
    yield "What one request may ask, and what happens beyond it. A body that is compressed is"
    yield "bounded before and after it is inflated. Run `scripts/docs` to write this page anew."
    yield ""
    yield "| limit | value | what it bounds | beyond it | shown by |"
    yield "| --- | --- | --- | --- | --- |"
    for one in limits():
        cells = (f"`{one.place}.{one.name}`", f"{one.value:,}", one.meaning, one.beyond,
                 f"`{one.witness}`")  # fmt: skip
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(markdown())
