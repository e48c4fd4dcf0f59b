"""The parity map: what Graph's profile API has, what this service does about it, and the test
that shows it. ``python -m openprofile.parity`` prints it; ``docs/parity.md`` is what it prints.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import msgspec

from openprofile.model.directory import BETA
from openprofile.model.facets import FACETS
from openprofile.odata.operations import Operation, operations

KNOWN_ON = "2026-11-23"
"""The day of what is said of Graph below: its metadata of 2026-08-03, its permission data of
2026-08-07, and its pages as they stood on 2026-07-20."""


class Row(msgspec.Struct, frozen=True):
    """One operation of Graph's, and what becomes of it here."""

    operation: str
    outcome: str
    """``works`` or ``refused``, with the status of a refusal."""
    witness: str
    """The test that shows it, as pytest names it."""


class Choice(msgspec.Struct, frozen=True):
    """A point on which Graph's documents are silent, or contradict each other."""

    what: str
    graph: str
    here: str
    witness: str
    """The test that shows it, as pytest names it."""


class Difference(msgspec.Struct, frozen=True):
    """A member of the metadata, or a type (``member`` empty), that is not as Graph's."""

    type: str
    member: str
    how: str
    why: str


_FACETS = "tests/api/test_facets.py::"
_PROFILE = "tests/api/test_profile.py::"
_WITNESSES = {
    "list": f"{_FACETS}test_list_runs_from_the_oldest_to_the_newest",
    "create": f"{_FACETS}test_create_answers_with_the_stored_item",
    "get": f"{_FACETS}test_an_item_has_two_urls",
    "update": f"{_FACETS}test_update_merges_what_it_is_sent",
    "delete": f"{_FACETS}test_delete_answers_nothing_and_leaves_nothing",
    "read": f"{_PROFILE}test_the_profile_holds_every_facet_with_its_context_before_it",
    "erase": f"{_PROFILE}test_delete_erases_the_whole_profile_and_no_other",
}
_AUDIENCES = "tests/api/test_audiences.py::"
_CONDITIONS = "tests/api/test_conditions.py::"
_EXPANSIONS = "tests/api/test_expansions.py::"
_OPTIONS = "tests/api/test_options.py::"
_REPRESENTATION = "tests/api/test_representation.py::"
_SINGLES = "tests/api/test_singles.py::"
_DIRECTORY = "tests/api/test_directory.py::"
_QUERIES = "tests/api/test_directory_queries.py::"
_OF_DIRECTORY = {
    "GET {user}": f"{_DIRECTORY}test_a_person_is_read_by_id_and_by_principal_name[beta]",
    "PATCH {user}": f"{_DIRECTORY}test_an_update_merges_what_it_is_sent_and_answers_nothing",
    "GET {user}/directReports": f"{_DIRECTORY}test_those_who_report_to_a_person_are_listed",
    "GET {user}/manager": f"{_DIRECTORY}test_a_manager_is_a_directory_object[beta]",
    "PUT {user}/manager/$ref": f"{_DIRECTORY}test_a_manager_is_set_and_taken_away",
    "DELETE {user}/manager/$ref": f"{_DIRECTORY}test_a_manager_is_set_and_taken_away",
    "GET {user}/memberOf": f"{_DIRECTORY}test_the_groups_of_a_person_are_listed",
    "GET /users": f"{_QUERIES}test_everybody_is_listed_by_display_name[beta]",
    "POST /users": f"{_DIRECTORY}test_a_created_person_is_there[beta]",
    "DELETE {user}": f"{_DIRECTORY}test_a_deleted_person_leaves_nothing_behind",
    "GET /groups": f"{_DIRECTORY}test_groups_are_listed_and_read[beta]",
    "GET /groups/{group-id}": f"{_DIRECTORY}test_groups_are_listed_and_read[beta]",
    "GET /groups/{group-id}/members": f"{_DIRECTORY}test_the_members_of_a_group_are_listed",
    "POST /groups/{group-id}/members/$ref": f"{_DIRECTORY}test_members_join_and_leave",
    "DELETE /groups/{group-id}/members/{user-id}/$ref": (
        f"{_DIRECTORY}test_members_join_and_leave"
    ),
}
_READ_ONLY_READ = f"{_PROFILE}test_the_account_is_what_the_directory_knows"
_READ_ONLY_WRITE = f"{_PROFILE}test_a_read_only_facet_refuses_every_write"
_NOT_SERVED = "tests/api/test_parity.py::test_what_is_not_served_is_refused_as_the_map_says"

_BEYOND = (
    Row(
        "PATCH {user}/profile",
        "refused, 405",
        f"{_PROFILE}test_another_method_on_the_profile_is_refused",
    ),
    Row("DELETE /me", "refused, 405", f"{_DIRECTORY}test_what_is_read_only_refuses_writes"),
    Row("POST /groups", "refused, 405", f"{_DIRECTORY}test_what_is_read_only_refuses_writes"),
    Row(
        "PATCH /groups/{id}",
        "refused, 405",
        f"{_DIRECTORY}test_what_is_read_only_refuses_writes",
    ),
    Row(
        "DELETE /groups/{id}",
        "refused, 405",
        f"{_DIRECTORY}test_what_is_read_only_refuses_writes",
    ),
    Row("GET /users/delta()", "refused, 404", _NOT_SERVED),
    Row("GET {user}/responsibilities", "refused, 400", _NOT_SERVED),
    Row("GET /admin/people", "refused, 400", _NOT_SERVED),
)

CHOICES = (
    Choice(
        "who sees an item",
        graph="The members of `allowedAudiences` are documented, their effect is not.",
        here="It is seen by those whose relation to the owner is among its audiences.",
        witness="tests/api/test_audiences.py::test_every_facet_obeys_every_audience",
    ),
    Choice(
        "`POST …/{facet}/$ref`",
        graph="An old page gives it for interests; the metadata has no such operation.",
        here="It is a create.",
        witness="tests/api/test_facets.py::test_post_to_ref_is_a_create",
    ),
    Choice(
        "the id of a create",
        graph="The service makes it.",
        here="A GUID that the client sends is kept, so that an import can be repeated; any other "
        "id is replaced.",
        witness="tests/api/test_facets.py::test_an_id_that_is_a_guid_is_kept_once",
    ),
    Choice(
        "an omitted collection",
        graph="Pages print null, published captures `[]`.",
        here="It is `[]`; null, which some pages send and get back, is kept where it is sent.",
        witness="tests/api/test_facets.py::test_what_is_left_out_has_its_default",
    ),
    Choice(
        "`emails.type` and `phones.type` when not sent",
        graph="Not nullable in the metadata, null in the pages' examples.",
        here="They have the member numbered 0.",
        witness="tests/api/test_profile.py::test_a_type_that_cannot_be_null_has_its_first_member",
    ),
    Choice(
        "writes of `account`",
        graph="The resource page says that it is read-only, the operation pages show writes.",
        here="They are refused with 405.",
        witness="tests/api/test_profile.py::test_a_read_only_facet_refuses_every_write",
    ),
    Choice(
        "`ETag`, `Location`, `If-Match`",
        graph="Not documented for the profile.",
        here="Every item has a weak ETag, a create its Location, and `If-Match` is obeyed.",
        witness="tests/api/test_facets.py::test_if_match_protects_from_a_lost_update",
    ),
    Choice(
        "an ETag in the body of an update (`@odata.etag`, `@etag`)",
        graph="Not documented for the profile.",
        here="It must be the item's, as `If-Match` must, whose name it may stand beside: 412 "
        "unless all that are sent hold. So what was read may be sent back, and undoes nobody's "
        "change. A create does not look at it.",
        witness=f"{_CONDITIONS}test_header_and_body_must_both_hold",
    ),
    Choice(
        "`If-Match` and `If-None-Match` with a create",
        graph="Not documented.",
        here="They are about the item, which is not there yet: any `If-Match` is a 412, "
        "`If-None-Match` holds. An id that is taken is a 409 all the same.",
        witness=f"{_CONDITIONS}test_a_create_cannot_depend_on_what_is_there[*]",
    ),
    Choice(
        "the same on people, groups and references, which have no ETag",
        graph="Not documented.",
        here="No tag is theirs, so a write that names one is a 412; `*` is any that there is.",
        witness=f"{_CONDITIONS}test_no_tag_is_the_tag_of_what_has_none",
    ),
    Choice(
        "`allowedAudiences`, `isSearchable` and `source`: null",
        graph="All three can be null in the metadata; the pages' creates leave them out, and the "
        "answers print `organization`.",
        here="What is left out of a create has its default (`organization`, false, this API); "
        "null that is sent is null, in a create as in an update, and an item without audiences "
        "is its owner's alone.",
        witness=f"{_AUDIENCES}test_null_audiences_mean_the_owner_alone_however_they_are_sent",
    ),
    Choice(
        "single properties (`…/{id}/displayName`, `/$value`), and references (`/$ref`)",
        graph="Not documented for the profile.",
        here="They are read as OData says, of items, profiles, people and groups, and written "
        "where their entity is, by PUT and DELETE, `/$value` as text/plain.",
        witness=f"{_SINGLES}test_every_property_is_set_and_cleared_by_its_path[interests]",
    ),
    Choice(
        "the format of `/$count` and `/$value`",
        graph="text/plain.",
        here="The same wherever the client takes text, else JSON; 406 where it takes neither.",
        witness=f"{_REPRESENTATION}test_a_raw_value_is_text_unless_the_client_takes_none[application/json-application/json]",
    ),
    Choice(
        "a query option that means nothing where it stands",
        graph="Depends on the resource; often it is passed over.",
        here="400, or 501 where nothing here takes it, on every method.",
        witness=f"{_OPTIONS}test_an_option_that_means_nothing_is_never_passed_over",
    ),
    Choice(
        "comparing strings of the directory",
        graph="They compare without case; nothing is said of accents.",
        here="They compare, sort and are searched without case and without accents.",
        witness="tests/api/test_directory_queries.py::test_names_compare_without_case_and_accents",
    ),
    Choice(
        "`$filter` on `/users` and `/groups`",
        graph="The properties and operators that each property supports are in a table; advanced "
        "ones need `ConsistencyLevel: eventual`. What is not supported is "
        "`Request_UnsupportedQuery`.",
        here="Any filter with one condition that the index answers (eq, in, ge, le, startsWith, "
        "joined by and; or a disjunction of such), at any size of the tenant; anything else is "
        "`Request_UnsupportedQuery`. The header is accepted and makes no difference.",
        witness="tests/api/test_directory_queries.py::test_a_filter_finds_whom_it_means_or_is_refused",
    ),
    Choice(
        "`$top` on collections of the directory",
        graph="It is the size of a page, from 1 to 999; the next link leads on.",
        here="The same, although OData has it bound the whole result.",
        witness="tests/api/test_directory_queries.py::test_a_page_is_as_large_as_it_may_be",
    ),
    Choice(
        "a page that would take a search through many people",
        graph="Not documented.",
        here="It may hold fewer than `$top`, or nobody, and its next link goes on.",
        witness="tests/api/test_directory_scale.py::test_a_search_through_many_goes_on_from_page_to_page",
    ),
    Choice(
        "`$expand` of a collection of the directory",
        graph="Some 20 objects, and no link to the rest.",
        here="20, with a link to the rest; `/$ref`, `/$count` and `$count` as OData has them. One "
        "level of a collection, any of `manager`.",
        witness=f"{_EXPANSIONS}test_what_is_not_inlined_is_reached_by_the_link[me-beta]",
    ),
    Choice(
        "the properties that `/beta` shows of a person",
        graph="More than `/v1.0`, whose usual eleven are documented.",
        here="All that there are.",
        witness="tests/api/test_directory.py::test_the_versions_show_what_they_show_in_graph",
    ),
    Choice(
        "who writes people and memberships",
        graph="Depends on the Entra role, the permission and the property.",
        here="An application with the permission, or a Global, User or People Administrator "
        "through one; nobody else, not their own properties either.",
        witness="tests/api/test_directory_permissions.py::test_administrators_and_applications_write_the_directory",
    ),
    Choice(
        "a userPrincipalName that is taken",
        graph="400 on some pages, 409 in the list of errors.",
        here="409, `Request_MultipleObjectsWithSameKeyValue`.",
        witness="tests/api/test_directory.py::test_a_principal_name_belongs_to_one_person",
    ),
    Choice(
        "`passwordProfile`",
        graph="Required to create a person.",
        here="Accepted and not kept: passwords are the identity provider's.",
        witness="tests/api/test_directory.py::test_a_created_person_is_there",
    ),
    Choice(
        "references in bodies (`@odata.id`)",
        graph="Examples name graph.microsoft.com.",
        here="They must lead to a person below this service's own root, of either version, "
        "and are never fetched.",
        witness="tests/api/test_directory.py::test_a_reference_leads_to_a_person_of_ours_or_nowhere",
    ),
    Choice(
        "query options on a facet",
        graph="`$filter`, `$orderby`, `$select`, `$skip` and `$top` are documented.",
        here="So are `$search`, `$count`, `$compute` and `/$count`, all as OData 4.01 says: see "
        "`docs/conformance.md`.",
        witness="tests/api/test_query.py::test_options_decide_which_items_come",
    ),
    Choice(
        "the order of a collection, and its pages",
        graph="By `createdDateTime`; neither the direction nor the size of a page is documented.",
        here="The oldest first; a whole facet fits one page unless `Prefer: odata.maxpagesize` "
        "asks for smaller ones.",
        witness="tests/api/test_facets.py::test_list_runs_from_the_oldest_to_the_newest",
    ),
    Choice(
        "`$top`",
        graph="Elsewhere Graph takes it for the size of a page.",
        here="It is how many items there are in all, as OData says, and no link follows them.",
        witness="tests/api/test_query.py::test_options_decide_which_items_come",
    ),
    Choice(
        "writing notes and names with a read scope",
        graph="The permission data lists read scopes for some writes, which looks like a slip.",
        here="Every write needs User.ReadWrite or User.ReadWrite.All.",
        witness="tests/api/test_permissions.py::test_a_scope_reaches_what_it_is_for",
    ),
)

_NOT_A_PROFILE = "not a part of the profile, and not served here"
_NOT_IN_EXCERPT = "Graph's user has it too; an excerpt of the metadata may leave it out"
_OF_PERSON = "reached from `person` alone"

DIFFERENCES = (
    *(
        Difference(name, "", "absent", why)
        for name, why in (
            ("location", _OF_PERSON),
            ("locationType", _OF_PERSON),
            ("locationUniqueIdType", _OF_PERSON),
            ("outlookGeoCoordinates", _OF_PERSON),
            ("person", "the relevance list of Outlook: " + _NOT_A_PROFILE),
            ("personDataSource", _OF_PERSON),
            ("personResponsibility", "an orphan of Graph's metadata: no navigation leads to it"),
            ("phone", _OF_PERSON),
            ("profilePropertySetting", "people administration: " + _NOT_A_PROFILE),
            ("profileSource", "people administration: " + _NOT_A_PROFILE),
            ("profileSourceLocalization", "people administration: " + _NOT_A_PROFILE),
            ("rankedEmailAddress", _OF_PERSON),
            ("website", _OF_PERSON),
            ("websiteType", _OF_PERSON),
        )
    ),
    *(
        Difference("user", name, "present", _NOT_IN_EXCERPT)
        for name in (
            "accountEnabled",
            "ageGroup",
            "businessPhones",
            "city",
            "companyName",
            "country",
            "createdDateTime",
            "department",
            "employeeId",
            "givenName",
            "jobTitle",
            "mailNickname",
            "memberOf",
            "mobilePhone",
            "officeLocation",
            "passwordProfile",
            "postalCode",
            "preferredLanguage",
            "state",
            "streetAddress",
            "surname",
            "usageLocation",
        )
    ),
    Difference(
        "GraphService",
        "groups",
        "present",
        "Graph has the set too; an excerpt of the metadata may leave it out",
    ),
    Difference("user", "people", "absent", "the relevance list of Outlook: " + _NOT_A_PROFILE),
    Difference(
        "user",
        "userPrincipalName",
        "not nullable",
        "a person is found by it, so nobody here is without one",
    ),
)


def rows() -> list[Row]:
    """Every documented operation on a profile, and those that only generated clients know."""
    known: dict[str, Operation] = {}
    for operation in operations(BETA):
        known.setdefault(f"{operation.method} {address(operation.path)}", operation)
    return [
        *(_row(operation) for operation in known.values() if "/profile" in operation.path),
        *(
            Row(name, "works", _OF_DIRECTORY[name])
            for name, operation in known.items()
            if "/profile" not in operation.path
        ),
        *_refused(),
        *_BEYOND,
    ]


def address(path: str) -> str:
    """A path as the map has it, where ``/me`` and ``/users/{user-id}`` are both ``{user}``."""
    for prefix in ("/me", "/users/{user-id}"):
        if path == prefix or path.startswith(f"{prefix}/"):
            return "{user}" + path.removeprefix(prefix)
    return path


def told() -> dict[str, object]:
    """The whole map as data."""
    return {
        "knownOn": KNOWN_ON,
        "operations": rows(),
        "choices": CHOICES,
        "differences": sorted(DIFFERENCES, key=lambda one: (one.type, one.member)),
    }


def markdown() -> str:
    """The whole map as a page."""
    return "\n".join(_lines()) + "\n"


def _row(operation: Operation) -> Row:
    segment = operation.path.split("/")[3:4]
    witness = _WITNESSES[operation.kind]
    if segment:
        read_only = FACETS[segment[0]].read_only
        witness = _READ_ONLY_READ if read_only else f"{witness}[{segment[0]}]"
    return Row(f"{operation.method} {address(operation.path)}", "works", witness)


def _refused() -> Iterator[Row]:
    for segment, item in sorted(FACETS.items()):
        if item.read_only:
            for method, path in (("POST", ""), ("PATCH", "/{id}"), ("DELETE", "/{id}")):
                yield Row(
                    f"{method} {{user}}/profile/{segment}{path}",
                    "refused, 405",
                    f"{_READ_ONLY_WRITE}[{segment}]",
                )


def _lines() -> Iterator[str]:
    yield "# Parity"
    yield ""
    yield "What Microsoft Graph's profile API and its directory have, and what this service does"
    yield "about it."
    yield f"What is said of Graph is what its documents showed by {KNOWN_ON}; nothing was tried"
    yield "against the live service. `{user}` is `/me` or `/users/{id | userPrincipalName}`."
    yield "Run `scripts/docs` to write this page anew."
    yield ""
    yield "## Operations"
    yield ""
    yield "| Graph's operation | here | shown by |"
    yield "| --- | --- | --- |"
    for row in rows():
        yield f"| `{row.operation}` | {row.outcome} | `{row.witness}` |"
    yield ""
    yield "## Our choices"
    yield ""
    yield f"Where Graph's documents are silent or contradict each other ({KNOWN_ON}):"
    yield ""
    yield "| what | Graph's documents | here | shown by |"
    yield "| --- | --- | --- | --- |"
    for choice in CHOICES:
        yield f"| {choice.what} | {choice.graph} | {choice.here} | `{choice.witness}` |"
    yield ""
    yield "## Differences from Graph's metadata"
    yield ""
    yield "A comparison of `$metadata` with Graph's own finds these and no others"
    yield "(`tests/api/test_csdl_parity.py`, with `OPENPROFILE_CSDL` naming a copy of Graph's)."
    yield ""
    yield "| type | member | how it differs | why |"
    yield "| --- | --- | --- | --- |"
    for difference in sorted(DIFFERENCES, key=lambda one: (one.type, one.member)):
        member = f"`{difference.member}`" if difference.member else "—"
        yield f"| `{difference.type}` | {member} | {difference.how} | {difference.why} |"


if __name__ == "__main__":
    sys.stdout.write(markdown())
