"""The requests of Graph's own pages, replayed in the order of an item's life.

OPENPROFILE_EXAMPLES names a folder with one file for each documented operation,
``{facet}.{create,list,get,update,delete}.json``, with ``request_body``, ``response_status`` and
``response_body`` as the pages of https://learn.microsoft.com/graph/api/ show them; the project
holds no copy.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from api.conftest import Client, fault
from openprofile.model.facets import FACETS

pytestmark = pytest.mark.anyio

PLACEHOLDERS = {"Date": "2020-01-31", "datetime-value": "2020-01-31", "String": "organization"}
"""What the pages print in the place of a value, and a value for it."""


@pytest.fixture
def folder() -> Path:
    named = os.environ.get("OPENPROFILE_EXAMPLES")
    if not named:
        pytest.skip("OPENPROFILE_EXAMPLES names no folder with Graph's documented examples")
    return Path(named)


@pytest.mark.parametrize("facet", sorted(FACETS))
async def test_the_life_of_an_item_is_as_documented(ada: Client, folder: Path, facet: str) -> None:
    examples = {
        operation: json.loads(path.read_text())
        for operation in ("create", "get", "list", "update", "delete")
        if (path := folder / f"{facet}.{operation}.json").exists()
    }
    if not examples:
        pytest.skip(f"the folder has no examples of {facet}")
    if FACETS[facet].read_only:
        for operation in ("create", "update", "delete"):
            response = await _replay(ada, facet, "x", examples[operation])
            fault(response, 405, "Request_BadRequest")
        return
    created = await _replay(ada, facet, "", examples["create"])
    assert created.status_code == examples["create"]["response_status"]
    item = created.json()
    _assert_as_documented(item, examples["create"])
    for operation in ("get", "update"):
        response = await _replay(ada, facet, item["id"], examples[operation])
        assert response.status_code == examples[operation]["response_status"]
        _assert_as_documented(response.json(), examples[operation])
    listed = await _replay(ada, facet, "", examples["list"])
    assert listed.status_code == examples["list"]["response_status"]
    (entry,) = listed.json()["value"]
    assert entry["id"] == item["id"]
    deleted = await _replay(ada, facet, item["id"], examples["delete"])
    assert deleted.status_code == examples["delete"]["response_status"]
    assert deleted.content == b""


async def test_the_profile_is_read_as_documented(ada: Client, folder: Path) -> None:
    example = json.loads((folder / "profile.get.json").read_text())
    response = await ada("GET", "me/profile")
    assert response.status_code == example["response_status"]
    documented = {"account" if name == "accounts" else name for name in example["response_body"]}
    assert documented - {"responsibilities"} <= set(response.json())


async def _replay(client: Client, facet: str, item_id: str, example: dict[str, Any]) -> Any:
    path = f"me/profile/{facet}/{item_id}".rstrip("/")
    body = _filled(example["request_body"])
    options = {} if body is None else {"json": body}
    return await client(example["method"], path, **options)


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(member) for member in value]
    return PLACEHOLDERS.get(value, value) if isinstance(value, str) else value


def _assert_as_documented(answered: dict[str, Any], example: dict[str, Any]) -> None:
    """The answer echoes what was sent and has every member that the page's answer has, filled
    where the page's is filled by the service."""
    _assert_contains(answered, _filled(example["request_body"] or {}))
    for name, value in example["response_body"].items():
        assert name in answered
        if name.startswith(("created", "lastModified", "id", "allowedAudiences")):
            assert (answered[name] is None) == (value is None), name


def _assert_contains(answered: Any, sent: Any) -> None:
    if isinstance(sent, dict):
        for name, value in sent.items():
            _assert_contains(answered[name], value)
    else:
        assert answered == sent
