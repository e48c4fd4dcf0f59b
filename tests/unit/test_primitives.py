import pytest

from openprofile.model.enums import AllowedAudiences
from openprofile.model.primitives import DateTimeOffset


@pytest.mark.parametrize(
    "text",
    [
        "2020-07-06T06:34:12.2294868Z",
        "2020-07-06T06:34:12Z",
        "2020-07-06T06:34Z",
        "0001-01-01T00:00:00Z",
        "2016-12-31T23:58:46.8102575+03:00",
        "2016-12-31T23:58:46.1-11:30",
    ],
)
def test_a_date_time_offset_is_kept_as_it_is(text: str) -> None:
    assert DateTimeOffset.parse(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "String", "2020-07-06", "2020-07-06T06:34:12", "2020-07-06 06:34:12Z",
        "2020-02-30T00:00:00Z", "2020-07-06T24:00:01Z", "2020-07-06T06:34:12.12345678Z",
        "2020-07-06T06:34.5Z", "2020-07-06T06:34:12Z\n", "٢٠٢٠-07-06T06:34:12Z",
        "2020-07-06T06:34:12+0300", "0000-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_other_text_is_no_date_time_offset(text: str) -> None:
    with pytest.raises(ValueError, match="expected one like"):
        DateTimeOffset.parse(text)


@pytest.mark.parametrize(
    ("text", "kept", "number"),
    [
        ("me", "me", 0),
        ("organization", "organization", 8),
        ("family,contacts", "family,contacts", 3),
        (" contacts , family,contacts", "family,contacts", 3),
        ("everyone,me", "me,everyone", 32),
    ],
)
def test_flags_are_kept_in_the_order_of_the_declaration(text: str, kept: str, number: int) -> None:
    value = AllowedAudiences.parse(text)
    assert value == kept
    assert value.number == number


def test_members_are_those_of_the_declaration() -> None:
    assert list(AllowedAudiences.members) == [
        "me", "family", "contacts", "groupMembers", "organization", "federatedOrganizations",
        "everyone", "unknownFutureValue",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["__module__", "__firstlineno__", "", "Me", "friends", "me,", "unknownFutureValue", "8"]
)
def test_what_is_no_member_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected one of me, family, .* everyone"):
        AllowedAudiences.parse(text)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(ValueError, match="is not a member") as refusal:
        AllowedAudiences.parse("x" * 1_000_000)
    assert len(str(refusal.value)) < 400
