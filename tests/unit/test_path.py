import pytest

from openprofile.errors import BadRequest
from openprofile.http.operation import operation
from openprofile.model.directory import BETA, VERSIONS, User
from openprofile.model.facets import PersonInterest
from openprofile.model.profile import Profile
from openprofile.odata.path import Target, bind, parse


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("/beta/me", ["beta", "me"]),
        ("/beta/me/", ["beta", "me"]),
        ("/a%2Fb/c%20d", ["a/b", "c d"]),
        ("/users/%27%C3%A9%27", ["users", "'é'"]),
        ("/%2525", ["%25"]),
        ("/a+b", ["a+b"]),
    ],
)
def test_a_path_is_divided_before_it_is_decoded(path: str, segments: list[str]) -> None:
    assert parse(path) == segments


@pytest.mark.parametrize("path", ["/a//b", "//", "/%ff", "/%c0%af", "/%ed%a0%80"])
def test_a_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(BadRequest):
        parse(path)


def bound(path: str) -> Target:
    return bind(parse(path), BETA)


@pytest.mark.parametrize(
    ("path", "names", "keys", "kind", "collection", "tail"),
    [
        ("/me", ("me",), (None,), User, False, ()),
        ("/users", ("users",), (None,), User, True, ()),
        ("/users/a", ("users",), ("a",), User, False, ()),
        ("/users('a')", ("users",), ("a",), User, False, ()),
        ("/users('a''b')", ("users",), ("a'b",), User, False, ()),
        ("/users(id='a')", ("users",), ("a",), User, False, ()),
        ("/users(userPrincipalName='a@b')", ("users",), ("a@b",), User, False, ()),
        ("/users(a-b)", ("users",), ("a-b",), User, False, ()),
        ("/users/a(b)", ("users",), ("a(b)",), User, False, ()),
        ("/users/profile", ("users",), ("profile",), User, False, ()),
        ("/users/$count", ("users",), (None,), User, True, ("$count",)),
        ("/me/displayName", ("me",), (None,), User, False, ("displayName",)),
        ("/me/profile", ("me", "profile"), (None, None), Profile, False, ()),
        ("/ME/Profile", ("me", "profile"), (None, None), Profile, False, ()),
    ],
)
def test_a_path_is_bound_to_the_model(
    path: str, names: object, keys: object, kind: object, collection: object, tail: object
) -> None:
    assert bound(path) == Target(names, keys, kind, collection, tail)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "/users/a",
        "/users/a/profile/interests",
        "/users/a/profile/interests/b",
        "/users/a/manager/profile",
        "/me/profile/interests/b",
        "/groups/a/members/b",
    ],
)
def test_names_as_the_model_spells_them_lead_where_others_do(path: str) -> None:
    spelled, other = bound(path), bound(path.upper())
    assert other.keys == tuple(key and key.upper() for key in spelled.keys)
    assert (spelled.names, spelled.kind, spelled.collection, spelled.tail) == (
        other.names,
        other.kind,
        other.collection,
        other.tail,
    )


def test_a_version_has_what_it_has() -> None:
    with pytest.raises(BadRequest, match="profile"):
        bind(parse("/users/a/profile"), VERSIONS["v1.0"])
    assert bind(parse("/users/a"), VERSIONS["v1.0"]).kind is User


def test_a_facet_has_a_collection_items_and_their_properties() -> None:
    above = ("users", "profile", "interests")
    for path, keys, tail in (
        ("/users/a/profile/interests", ("a", None, None), ()),
        ("/users/a/profile/interests/b", ("a", None, "b"), ()),
        ("/users/a/profile/interests('b')", ("a", None, "b"), ()),
        ("/users('a')/profile/interests/$ref", ("a", None, None), ("$ref",)),
        ("/users/a/profile/interests/b/webUrl/$value", ("a", None, "b"), ("webUrl", "$value")),
    ):
        target = bound(path)
        assert (target.names, target.keys, target.tail) == (above, keys, tail)
        assert target.kind is PersonInterest
        assert target.collection is (keys[-1] is None)


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("/nothing", "nothing"),
        ("/me/nothing", "nothing"),
        ("/me/profile/interests/b/nothing", "nothing"),
        ("/me/profile/$metadata", r"\$metadata"),
        ("/nothing('a')", "nothing"),
    ],
)
def test_what_the_model_lacks_is_named(path: str, segment: str) -> None:
    with pytest.raises(BadRequest, match=segment):
        bound(path)


@pytest.mark.parametrize(
    "path", ["/me('a')", "/users(x='a')", "/users(')", "/users('a)", "/users(a b)", "/users()"]
)
def test_a_malformed_key_is_refused(path: str) -> None:
    with pytest.raises(BadRequest):
        bound(path)


def test_paths_without_end_go_by_names_of_a_bounded_number() -> None:
    named = {operation("beta", bound("/me" + "/manager" * depth)) for depth in range(3, 60)}
    assert named == {"/beta/me/manager/manager/manager", "/beta/me/manager/manager/manager/…"}
