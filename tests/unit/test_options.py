"""The options of every entrance agree."""

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

from openprofile import pytest_plugin
from openprofile.cli.dev import dev
from openprofile.cli.token import token
from openprofile.http.faults import PlannedFault
from openprofile.identity.forgery import FORGERIES
from openprofile.identity.minting import TokenRequest
from openprofile.options import BadOptions, Options, TestOptions, documented, options
from openprofile.testing import Faults, Tenant

TESTS_ALONE = {"spawn", "url"}
"""How tests come by a stand-in, which the command is."""


def by_name(command: click.Command) -> dict[str, click.Parameter]:
    return {one.name: one for one in command.params if one.name}


def test_the_command_takes_every_option() -> None:
    offered = by_name(dev)
    assert getattr(offered.pop("with_parent"), "hidden", False)  # for who starts it as tests do
    assert list(offered) == [one.name for one in documented()]
    for one in documented():
        option = offered[one.name]
        assert isinstance(option, click.Option)
        assert option.help == one.told.sentence
        if one.name != "data":  # its default is a folder of whoever starts it
            assert option.default == one.default or one.default is None


def test_tests_take_the_same_and_how_they_come_by_it() -> None:
    names = {one.name for one in documented(TestOptions)}
    assert names == {one.name for one in documented()} | TESTS_ALONE
    for one in documented():
        other = next(each for each in documented(TestOptions) if each.name == one.name)
        assert (other.type, other.told) == (one.type, one.told)


class Parser:
    """What pytest gives the plugin to say its options."""

    def __init__(self) -> None:
        self.line: dict[str, str] = {}
        self.file: dict[str, str] = {}

    def getgroup(self, *_: str) -> "Parser":
        return self

    def addoption(self, name: str, *, help: str, **_: Any) -> None:
        self.line[name] = help

    def addini(self, name: str, help: str, **_: Any) -> None:
        self.file[name] = help


def test_pytest_takes_every_option_on_its_command_line_and_in_its_settings() -> None:
    parser: Any = Parser()
    pytest_plugin.pytest_addoption(parser)
    known = list(documented(TestOptions))
    assert parser.line == {f"--openprofile-{one.spelled}": one.told.sentence for one in known}
    assert parser.file == {f"openprofile_{one.name}": one.told.sentence for one in known}


def parameters(method: Any) -> dict[str, Any]:
    return {
        name: one.default
        for name, one in inspect.signature(method).parameters.items()
        if name != "self"
    }


def test_a_token_is_asked_for_alike_everywhere() -> None:
    asked = msgspec.structs.fields(TokenRequest)
    line = by_name(token)
    assert line.keys() - {"data", "tenant"} == {one.name for one in asked}
    assert parameters(Tenant.token).keys() == {one.name for one in asked}
    for one in asked:
        default = [] if one.default_factory is not msgspec.NODEFAULT else one.default
        assert (
            list(parameters(Tenant.token)[one.name] or []) == list(default or [])
            if isinstance(default, list)
            else parameters(Tenant.token)[one.name] == default
        )
    forge = line["forge"].type
    assert isinstance(forge, click.Choice)
    assert list(forge.choices) == list(FORGERIES)


def test_a_fault_is_planned_alike_everywhere() -> None:
    planned = {one.name: one.default for one in msgspec.structs.fields(PlannedFault)}
    assert parameters(Faults.add) == planned


@pytest.mark.parametrize(
    ("given", "saying"),
    [
        ({"prot": 1}, "no option 'prot'; expected one of host, port"),
        ({"port": "80"}, "'port' is '80'; expected int"),
        ({"port": True}, "'port' is True; expected int"),
        ({"port": 65536}, "'port' is 65536; expected a number from 0 to 65535"),
        ({"tls_port": -1}, "'tls_port' is -1"),
        ({"memory": 1}, "'memory' is 1; expected bool"),
        ({"data": 1}, "'data' is 1; expected Path"),
        ({"host": None}, "'host' is None; expected str"),
    ],
)
def test_options_that_cannot_stand_are_refused(given: dict[str, Any], saying: str) -> None:
    with pytest.raises(BadOptions, match=saying):
        options(TestOptions, given)


def test_options_have_their_defaults_and_what_was_given(tmp_path: Path) -> None:
    found = options(TestOptions, {"data": tmp_path, "tls_port": None, "port": 1})
    assert (found.data, found.tls_port, found.port, found.memory) == (tmp_path, None, 1, True)
    assert dataclasses.asdict(options(Options, {})).keys() < dataclasses.asdict(found).keys()
