"""What was acknowledged is on the disk, whatever becomes of the process."""

import asyncio
import sqlite3
from pathlib import Path

import httpx2
import pytest

from program import Program

pytestmark = pytest.mark.anyio

CRASHES = 20
CREATES = 100


async def test_every_acknowledged_create_outlives_a_kill_and_none_is_there_twice(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    acknowledged: dict[str, str] = {}
    cut_short = 0
    with Program(data) as program:
        token = program.token("--expires-in", "86400")
    for crash in range(CRASHES):
        with Program(data) as program:
            # Another moment each time: from the first answers to almost all of them.
            enough = (crash + 1) * CREATES // (CRASHES + 2)
            answered = await _create_until(program, token, crash, enough)
        assert len(answered) >= enough
        cut_short += len(answered) < CREATES
        acknowledged |= answered
        with Program(data) as program:
            stored = await _names(program, token)
            assert len(stored) == len(set(stored.values())), "a name is there twice"
            assert acknowledged.items() <= stored.items(), "an acknowledged create is lost"
            await _empty(program, token, stored)
            acknowledged.clear()
        _check_integrity(data)
    assert cut_short, "no crash came before the last answer: the test shows nothing"


async def _create_until(program: Program, token: str, crash: int, enough: int) -> dict[str, str]:
    """Send creates all at once, kill the program after ``enough`` answers; id to name of all
    that were answered 201."""
    answered: dict[str, str] = {}
    async with _client(program, token) as client:

        async def create(number: int) -> None:
            name = f"{crash}/{number}"
            try:
                answer = await client.post("", json={"displayName": name, "description": "x" * 500})
            except httpx2.TransportError:
                return
            assert answer.status_code == 201
            answered[answer.json()["id"]] = name
            if len(answered) == enough:
                program.kill()

        await asyncio.gather(*(create(number) for number in range(CREATES)))
    return answered


async def _names(program: Program, token: str) -> dict[str, str]:
    async with _client(program, token) as client:
        answer = await client.get("")
    return {item["id"]: item["displayName"] for item in answer.json()["value"]}


async def _empty(program: Program, token: str, stored: dict[str, str]) -> None:
    async with _client(program, token) as client:
        answers = await asyncio.gather(*(client.delete(f"/{item_id}") for item_id in stored))
    assert all(answer.status_code == 204 for answer in answers)


def _client(program: Program, token: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=f"{program.url}/beta/me/profile/interests",
        headers={"Authorization": f"Bearer {token}"},
        limits=httpx2.Limits(max_connections=CREATES),
        timeout=30,
    )


def _check_integrity(data: Path) -> None:
    with sqlite3.connect(data / "openprofile.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
