"""One connection: what it sends, and in which order."""

import asyncio
from typing import Any
from unittest import mock

import pytest
import uvicorn
from uvicorn.server import ServerState

from openprofile.http.protocol import Outbox, Protocol
from openprofile.metering import Meter
from openprofile.settings import Capacity

pytestmark = pytest.mark.anyio

LARGE = b"x" * 100_000


class Connection:
    """A connection to nobody, and what was done with it."""

    def __init__(self, outbox: Outbox) -> None:
        self.done: list[bytes | str] = []
        self.transport = mock.Mock(spec=asyncio.Transport)
        self.transport.get_extra_info.return_value = None
        self.transport.is_closing.side_effect = lambda: "closed" in self.done
        self.transport.write.side_effect = self.done.append
        self.transport.close.side_effect = lambda: self.done.append("closed")
        self.protocol = Protocol(
            Capacity(),
            Meter(),
            outbox,
            config=uvicorn.Config(app=mock.Mock(), log_config=None),
            server_state=ServerState(),
            app_state={},
        )
        self.protocol.connection_made(self.transport)


async def test_the_answers_of_a_turn_are_sent_in_the_order_they_were_made() -> None:
    outbox = Outbox()
    one, other = Connection(outbox), Connection(outbox)
    sent: list[Any] = []
    for each in (one, other):
        each.transport.write.side_effect = sent.append
    one.protocol.send(b"1")
    other.protocol.send(b"2")
    one.protocol.send(b"3")
    assert sent == []
    await asyncio.sleep(0)
    assert sent == [b"1", b"2", b"3"]


@pytest.mark.parametrize(
    ("then", "last"),
    [
        (lambda protocol: protocol.send(LARGE), LARGE),
        (lambda protocol: protocol.close(), "closed"),
        (lambda protocol: protocol.shutdown(), "closed"),
        (lambda protocol: protocol.send_400_response("No request."), "closed"),
        (lambda protocol: protocol.expire(1e18), "closed"),
    ],
    ids=["a large answer", "close", "shutdown", "a refusal", "a timeout"],
)
async def test_nothing_overtakes_an_answer_that_waits_for_its_turn(then: Any, last: Any) -> None:
    connection = Connection(Outbox())
    connection.protocol.send(b"answer")
    then(connection.protocol)
    assert connection.done[0] == b"answer"
    assert connection.done[-1] == last
    await asyncio.sleep(0)
    assert connection.done.count(b"answer") == 1


async def test_who_has_gone_is_sent_nothing() -> None:
    connection = Connection(Outbox())
    connection.protocol.send(b"answer")
    connection.done.append("closed")
    await asyncio.sleep(0)
    assert connection.done == ["closed"]
