"""What the tests of batches share."""

from typing import Any

import httpx2

from api.conftest import Client

PATH = "me/profile/interests"
JSON = {"Content-Type": "application/json"}


def get(id: str, url: str = PATH, **members: Any) -> dict[str, Any]:
    return {"id": id, "method": "GET", "url": url, **members}


def post(id: str, body: Any = None, url: str = PATH, **members: Any) -> dict[str, Any]:
    body = {"displayName": id} if body is None else body
    return {"id": id, "method": "POST", "url": url, "headers": JSON, "body": body, **members}


def patch(id: str, url: str, body: Any = None, **members: Any) -> dict[str, Any]:
    return post(id, body or {"displayName": id}, url, **members) | {"method": "PATCH"}


def delete(id: str, url: str, **members: Any) -> dict[str, Any]:
    return {"id": id, "method": "DELETE", "url": url, **members}


def send(client: Client, *requests: dict[str, Any], **options: Any) -> Any:
    return client("POST", "/beta/$batch", json={"requests": requests}, **options)


async def batch(
    client: Client, *requests: dict[str, Any], **options: Any
) -> dict[str, dict[str, Any]]:
    """The answers to a batch by id, after their form has been checked."""
    response: httpx2.Response = await send(client, *requests, **options)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    found: dict[str, dict[str, Any]] = {}
    for each in response.json()["responses"]:
        assert isinstance(each["headers"]["request-id"], str)
        assert ("body" in each) is (each["status"] != 204)
        if "body" in each:
            assert each["headers"]["Content-Type"].startswith("application/json")
        found[each["id"]] = each
    return found


def error(answer: dict[str, Any], status: int, code: str) -> str:
    """The message of a refusal in a batch, after its one shape has been checked."""
    assert answer["status"] == status, answer
    assert set(answer["body"]) == {"error"}
    refused = answer["body"]["error"]
    assert refused["code"] == code
    assert refused["innerError"]["request-id"] == answer["headers"]["request-id"]
    message: str = refused["message"]
    return message


async def names(client: Client) -> list[str]:
    return [item["displayName"] for item in (await client("GET", PATH)).json()["value"]]
