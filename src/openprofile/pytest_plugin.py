"""The pytest plugin: the fixture ``openprofile``, a tenant of the stand-in for each test.

pytest loads this module in every project where openprofile is installed, so nothing is imported
here that a project without the fixture would have to wait for.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from openprofile.options import BadOptions, Option, TestOptions, documented

if TYPE_CHECKING:
    from openprofile.testing import Server, Tenant

_TENANT: pytest.StashKey[Tenant] = pytest.StashKey()
_YES, _NO = ("1", "on", "true", "yes"), ("0", "off", "false", "no")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Every option of the stand-in, on the command line and in the settings file."""
    group = parser.getgroup("openprofile", "the stand-in that the fixture openprofile uses")
    for one in documented(TestOptions):
        group.addoption(f"--openprofile-{one.spelled}", metavar=_kind(one), help=one.told.sentence)
        parser.addini(_ini(one), one.told.sentence, type="string", default=None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "openprofile(sample=None, seed=None, id=None): how the tenant is made that the fixture "
        "openprofile gives the test, as openprofile.testing.Server.tenant takes it",
    )


@pytest.fixture(scope="session")
def openprofile_server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """The stand-in, started for the first test that needs it and stopped after the last."""
    from openprofile.testing import serving  # noqa: PLC0415

    given = {}
    for one in documented(TestOptions):
        text = pytestconfig.getoption(f"openprofile_{one.name}")
        text = pytestconfig.getini(_ini(one)) if text is None else text
        if text is not None:
            given[one.name] = _value(one, text, pytestconfig.rootpath)
    with serving(**given) as server:
        yield server


@pytest.fixture
def openprofile(request: pytest.FixtureRequest, openprofile_server: Server) -> Iterator[Tenant]:
    """A tenant of the stand-in that nothing else uses: with people, and nothing in their profiles.

    ``@pytest.mark.openprofile(…)`` says how it is made.
    """
    marker = request.node.get_closest_marker("openprofile")
    if marker and marker.args:
        raise BadOptions(
            "The marker openprofile takes its options by name: seed=…, sample=…, id=…."
        )
    wanted = dict(marker.kwargs) if marker else {}
    if isinstance(wanted.get("seed"), (str, Path)):
        wanted["seed"] = request.path.parent / wanted["seed"]
    tenant = openprofile_server.tenant(**wanted)
    request.node.stash[_TENANT] = tenant
    yield tenant
    openprofile_server.remove(tenant)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a test that failed what it asked for, and what it was answered and why."""
    report = yield
    tenant = item.stash.get(_TENANT, None)
    if report.failed and report.when == "call" and tenant is not None:
        report.sections.append(("openprofile requests", _log(tenant)))
    return report


def _log(tenant: Tenant) -> str:
    try:
        requests = tenant.requests()
    except Exception as error:  # noqa: BLE001  whatever it is, the run goes on
        return f"The stand-in does not tell: {error}"
    lines = []
    for one in reversed(requests):
        query = f"?{one['query']}" if one["query"] else ""
        reasons = [one["reason"]] if one["outcome"] != "allowed" and one["reason"] else []
        lines.append(f"{one['status']} {one['method']} {one['target']}{query}")
        lines += [f"    {reason}" for reason in [*reasons, *one["hints"]]]
    return "\n".join(lines) or "There was none."


def _ini(one: Option) -> str:
    return f"openprofile_{one.name}"


def _kind(one: Option) -> str:
    return "yes|no" if one.type is bool else one.type.__name__.upper()


def _value(one: Option, text: str, root: Path) -> Any:
    """What an option's text means; paths are below the project's root."""
    if one.type is bool:
        if text.lower() not in (*_YES, *_NO):
            raise BadOptions(f"The option {one.name!r} is {text!r}; expected yes or no.")
        return text.lower() in _YES
    if one.type is int:
        if not text.isdecimal():
            raise BadOptions(f"The option {one.name!r} is {text!r}; expected a number.")
        return int(text)
    return root / text if one.type is Path else text
