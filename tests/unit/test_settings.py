"""The settings: where they come from, and that the documentation has every one."""

from pathlib import Path

import pytest

from openprofile.configuration import documented, load
from openprofile.settings import BadSettings, IssuerSettings, Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def rows() -> str:
    """The table of settings as docs/settings.md must hold it."""
    return "".join(
        f"| `{one.name}` | `{one.variable}` | {f'`{one.default}`' if one.default else ''} | "
        f"{one.sentence} |\n"
        for one in documented(Settings)
    )


def test_the_documentation_has_every_setting() -> None:
    assert rows() in DOCUMENT.read_text(encoding="utf-8")


def test_every_setting_has_one_sentence() -> None:
    for one in documented(Settings):
        assert one.sentence.endswith(".")
        assert ". " not in one.sentence


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    file = tmp_path / "openprofile.toml"
    file.write_text(
        'issuer = "https://a.example"\naudience = ["a"]\nport = 1\n'
        '[[issuers]]\nissuer = "https://b.example"\naudience = ["b"]\ntenant = "t"\n'
    )
    found = load({"OPENPROFILE_PORT": "2", "OTHER": "x", "OPENPROFILE_HOST": ""}, file)
    assert (found.port, found.host) == (2, "localhost")
    assert found.all_issuers() == [
        IssuerSettings(issuer="https://a.example", audience=["a"]),
        IssuerSettings(issuer="https://b.example", audience=["b"], tenant="t"),
    ]


@pytest.mark.parametrize("text", ["a b", "a,b", " a, b ", '["a", "b"]'])
def test_a_list_in_the_environment(text: str) -> None:
    assert load({"OPENPROFILE_AUDIENCE": text}).audience == ["a", "b"]


@pytest.mark.parametrize(("text", "value"), [("false", False), ("0", False), ("true", True)])
def test_a_switch_in_the_environment(text: str, value: bool) -> None:
    assert load({"OPENPROFILE_CREATE_PEOPLE": text}).create_people is value


@pytest.mark.parametrize(
    ("variable", "text", "saying"),
    [
        ("OPENPROFILE_AUDIANCE", "x", "no setting OPENPROFILE_AUDIANCE"),
        ("OPENPROFILE_PORT", "many", "port"),
        ("OPENPROFILE_PORT", "70000", "port"),
        ("OPENPROFILE_CLOCK_SKEW", "-1", "clock_skew"),
        ("OPENPROFILE_LOG_LEVEL", "loud", "log_level"),
        ("OPENPROFILE_TRACE_ENDPOINT", "localhost:4318/v1/traces", "trace_endpoint"),
        ("OPENPROFILE_AUDIENCE", "[x", "JSON"),
        ("OPENPROFILE_ISSUERS", '[{"isuer": "x"}]', "issuers"),
        ("OPENPROFILE_FEDERATED_TENANTS", "a b", "JSON object"),
        ("OPENPROFILE_FEDERATED_TENANTS", '{"a": "b"}', "federated_tenants"),
    ],
)
def test_what_does_not_hold_is_named(variable: str, text: str, saying: str) -> None:
    with pytest.raises(BadSettings, match=saying):
        load({variable: text})


@pytest.mark.parametrize(
    ("text", "saying"),
    [
        ("isuer = 1", "no setting isuer"),
        ("port = \n", "line 1"),
        ("port = [1]", "port"),
        ('[[issuers]]\nport = 1\nissuer = "x"', "issuers"),
    ],
)
def test_what_does_not_hold_in_the_file_is_named(tmp_path: Path, text: str, saying: str) -> None:
    file = tmp_path / "openprofile.toml"
    file.write_text(text)
    with pytest.raises(BadSettings, match=saying):
        load({}, file)


def test_what_is_no_setting_may_stand_in_the_environment() -> None:
    names = ("CONFIG", "WORKERS", "CSDL", "LIVE_TOKEN", "DEV_PORT", "SERVICE_HOST", "PORT_80_TCP")
    assert load({f"OPENPROFILE_{name}": "x" for name in names}) == Settings()


@pytest.mark.parametrize(
    ("settings", "tenants"),
    [
        ({"issuer": "https://i.example/"}, set()),
        (
            {"issuer": "https://sts.windows.net/AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee/"},
            {"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"},
        ),
        ({"issuer": "https://i.example/", "tenants": ["A"]}, {"a"}),
        ({"issuer": "https://i.example/", "tenants": ["A"], "tenant": "b"}, set()),
    ],
)
def test_which_tenants_an_issuer_speaks_for(settings: dict[str, str], tenants: set[str]) -> None:
    assert IssuerSettings(**settings).accepted_tenants == tenants  # type: ignore[arg-type]


def test_the_tenants_of_several_issuers_stand_once_each() -> None:
    more = [
        IssuerSettings(issuer="https://j.example/", tenants=["C", "B"]),
        IssuerSettings(issuer="https://k.example/", tenant="b"),
        IssuerSettings(issuer="https://l.example/"),
    ]
    first, *others = Settings(issuer="https://i.example/", tenant="A", issuers=more).all_tenants()
    assert first == "a"
    assert others[:2] == ["b", "c"]
    assert len(others) == 3


def test_trust_lists_come_from_the_file_and_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "openprofile.toml"
    file.write_text('tenant = "A"\nissuer = "https://i.example/"\n[federated_tenants]\nA = ["a"]\n')
    assert load({}, file).trusts() == {"a": frozenset({"a"})}
    above = load({"OPENPROFILE_FEDERATED_TENANTS": '{"a": []}'}, file)
    assert above.trusts() == {"a": frozenset()}
