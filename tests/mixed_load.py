"""People at work, all at once, and what the service has acknowledged to them.

Each worker sends one request at a time: creates, patches, deletes, batches with atomicity groups,
people and memberships. What was acknowledged is ``known``; a request that had no answer, or one
that says it may not have been carried out, is ``open`` until what is stored tells.
"""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx2

OWNERS = 6
ITEMS = 12
"""Items that a worker keeps, more or less."""
PEOPLE = 4
"""People that a worker has at most."""
GROUP = "00000000-0000-4000-8000-00000000c1ab"
FILE = (
    f'{{"@odata.type": "#microsoft.graph.group", "id": "{GROUP}", "displayName": "Load"}}\n'
    + "".join(f'{{"id": "owner-{n}", "userPrincipalName": "owner-{n}"}}\n' for n in range(OWNERS))
).encode()
"""The lines to import before the work begins."""
ROLES = ["User.ReadWrite.All", "GroupMember.ReadWrite.All", "Group.Read.All"]
"""What the application that works needs."""

State: TypeAlias = dict[tuple[str, str], str | None]
"""What there is of each kind under a name that was given once; None where there is nothing."""
AWAY = frozenset({429, 503})
"""Statuses that say that a request may not have been carried out."""


class MixedLoad:
    """The work of many; ``known`` holds over every crash that ``settle`` has been called after."""

    def __init__(self, workers: int, seed: int) -> None:
        self._workers = [_Worker(self, number, seed) for number in range(workers)]
        self.known: State = {}
        self.open: list[State] = []
        self.ids: dict[str, str] = {}
        """The ids of items by their names."""
        self.answers = 0
        self.statuses: Counter[int] = Counter()

    async def run(self, http: httpx2.AsyncClient, enough: Callable[[int], bool]) -> None:
        """Have everybody work until their service is gone, or until ``enough`` says so of the
        number of acknowledged requests.
        """
        self.answers = 0
        self.open.clear()
        await asyncio.gather(*(worker.run(http, enough) for worker in self._workers))

    async def stored(self, http: httpx2.AsyncClient) -> State:
        """All that is stored; raises AssertionError where a name is there twice."""
        found: list[tuple[tuple[str, str], str | None]] = []
        for owner in range(OWNERS):
            items = await _everything(http, f"/beta/users/owner-{owner}/profile/interests")
            found += [(("item", each["displayName"]), each["description"]) for each in items]
            self.ids |= {each["displayName"]: each["id"] for each in items}
        people = await _everything(http, "/beta/users?$select=userPrincipalName,jobTitle")
        members = await _everything(http, f"/beta/groups/{GROUP}/members")
        for kind, some in (("person", people), ("member", members)):
            found += [
                ((kind, each["userPrincipalName"]), each["jobTitle"] if kind == "person" else "")
                for each in some
                if each["userPrincipalName"].startswith("load-")
            ]
        state = dict(found)
        assert len(state) == len(found), "something is there twice"
        return state

    async def settle(self, http: httpx2.AsyncClient) -> int:
        """Compare all that is stored with what was acknowledged, and learn from it what became
        of the requests without an answer; returns how many of these were carried out.
        """
        stored, carried_out = await self.stored(http), 0
        for change in self.open:
            before = {name: self.known.get(name) for name in change}
            now = {name: stored.get(name) for name in change}
            assert now in (before, change), f"half of a write is there: {before} {change} {now}"
            if now != before:
                carried_out += 1
                self._learn(change)
        self.open.clear()
        lost = {name: text for name, text in self.known.items() if stored.get(name) != text}
        assert not lost, f"acknowledged, and not there: {lost}"
        assert stored.keys() <= self.known.keys(), "there is what nobody wrote"
        return carried_out

    def acknowledge(self, change: State) -> None:
        self.answers += 1
        self._learn(change)

    def _learn(self, change: State) -> None:
        for name, text in change.items():
            if text is None:
                self.known.pop(name, None)
            else:
                self.known[name] = text


async def _everything(http: httpx2.AsyncClient, url: str) -> list[dict[str, Any]]:
    """Every page of a collection."""
    found: list[dict[str, Any]] = []
    following: str | None = url
    while following:
        answer = await http.get(following)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["value"]
        following = page.get("@odata.nextLink")
    return found


class _Worker:
    def __init__(self, load: MixedLoad, number: int, seed: int) -> None:
        self._load = load
        self._mine = f"load-{number}-"
        self._items = f"/users/owner-{number % OWNERS}/profile/interests"
        self._random = random.Random(f"{seed}/{number}")
        self._made = 0
        self._origin = ""

    async def run(self, http: httpx2.AsyncClient, enough: Callable[[int], bool]) -> None:
        self._origin = str(http.base_url).rstrip("/")
        while not enough(self._load.answers):
            change, requests = self._next()
            try:
                done = await self._send(http, change, requests)
            except httpx2.TransportError:
                done = False
            if not done:
                self._load.open.append(change)
                return

    def _next(self) -> tuple[State, list[dict[str, Any]]]:
        """The next request, or those of an atomicity group, and what there will be after it."""
        items = self._of("item")
        people = self._of("person")
        kinds = {self._create: 30, self._patch: 25, self._batch: 15}
        kinds |= {self._delete: 60 if len(items) > ITEMS else 10}
        kinds |= {self._person: 10} if len(people) < PEOPLE else {}
        kinds |= {self._change_person: 10} if people else {}
        while True:
            (kind,) = self._random.choices(list(kinds), list(kinds.values()))
            if items or kind not in {self._patch, self._delete, self._batch}:
                return kind()

    def _of(self, kind: str) -> list[str]:
        return [name for of, name in self._load.known if of == kind and name.startswith(self._mine)]

    def _name(self) -> str:
        self._made += 1
        return f"{self._mine}{self._made}-{self._random.getrandbits(32):x}"

    def _create(self) -> tuple[State, list[dict[str, Any]]]:
        name, text = self._name(), self._text()
        body = {"displayName": name, "description": text}
        if self._random.random() < 0.5:
            body["id"] = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        return {("item", name): text}, [{"method": "POST", "url": self._items, "body": body}]

    def _patch(self) -> tuple[State, list[dict[str, Any]]]:
        name, text = self._random.choice(self._of("item")), self._text()
        url = f"{self._items}/{self._load.ids[name]}"
        patch = {"method": "PATCH", "url": url, "body": {"description": text}}
        return {("item", name): text}, [patch]

    def _delete(self) -> tuple[State, list[dict[str, Any]]]:
        name = self._random.choice(self._of("item"))
        url = f"{self._items}/{self._load.ids[name]}"
        return {("item", name): None}, [{"method": "DELETE", "url": url}]

    def _batch(self) -> tuple[State, list[dict[str, Any]]]:
        change: State = {}
        requests = []
        last = self._patch if self._random.random() < 0.5 else self._delete
        for make in (self._create, self._create, last):
            one, (request,) = make()
            change |= one
            requests.append(request)
        return change, requests

    def _person(self) -> tuple[State, list[dict[str, Any]]]:
        name, text = f"{self._name()}@load.example", self._text()
        body = {"userPrincipalName": name, "displayName": name, "jobTitle": text}
        return {("person", name): text}, [{"method": "POST", "url": "/users", "body": body}]

    def _change_person(self) -> tuple[State, list[dict[str, Any]]]:
        name = self._random.choice(self._of("person"))
        members = f"/groups/{GROUP}/members"
        in_group = ("member", name) in self._load.known
        match self._random.randrange(3):
            case 0:
                gone: State = {("person", name): None} | (
                    {("member", name): None} if in_group else {}
                )
                return gone, [{"method": "DELETE", "url": f"/users/{name}"}]
            case 1 if not in_group:
                body = {"@odata.id": f"{self._origin}/beta/users/{name}"}
                join = {"method": "POST", "url": f"{members}/$ref", "body": body}
                return {("member", name): ""}, [join]
            case _:
                text = self._text()
                body = {"jobTitle": text}
                patch = {"method": "PATCH", "url": f"/users/{name}", "body": body}
                return {("person", name): text}, [patch]

    def _text(self) -> str:
        return f"{self._random.getrandbits(64):x}"

    async def _send(
        self, http: httpx2.AsyncClient, change: State, requests: list[dict[str, Any]]
    ) -> bool:
        """Send the request, or all in an atomicity group; whether it was acknowledged."""
        if len(requests) == 1:
            (request,) = requests
            answer = await http.request(
                request["method"], f"/beta{request['url']}", json=request.get("body")
            )
            answers = [(answer.status_code, answer.content and answer.json())]
        else:
            headers = {"Content-Type": "application/json"}
            grouped = [
                {"id": str(number), "atomicityGroup": "g", "headers": headers, **request}
                for number, request in enumerate(requests)
            ]
            answer = await http.post("/beta/$batch", json={"requests": grouped})
            answers = [(answer.status_code, None)]
            if answer.status_code == 200:
                answers = [
                    (each["status"], each.get("body")) for each in answer.json()["responses"]
                ]
        statuses = {status for status, _ in answers}
        self._load.statuses.update(statuses)
        if statuses & AWAY:
            return False
        assert statuses <= {200, 201, 204}, answers
        for _, body in answers:
            if body and str(body.get("displayName", "")).startswith(self._mine):
                self._load.ids[body["displayName"]] = body["id"]
        self._load.acknowledge(change)
        return True
