"""A directory of a hundred thousand people: no query reads its way through it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.errors import UnsupportedQuery
from openprofile.finding.query import query
from openprofile.model.directory import Group, Person, User
from openprofile.odata.query.options import options
from openprofile.policy.caller import Caller
from openprofile.store.sqlite import SqliteStore

pytestmark = pytest.mark.anyio
PEOPLE = 100_000
TENANT = "t"
CALLER = Caller(tenant=TENANT, person=None, roles=frozenset({"Directory.Read.All"}))
GIVEN = ("Ada", "Bram", "Chiara", "Deniz", "Émile", "Farah", "Greta", "Hiro", "Ines", "Jonas")


def someone(number: int) -> Person:
    given = GIVEN[number % len(GIVEN)]
    return Person(
        user=User(
            id=f"{number:08d}",
            display_name=f"{given} Number{number}",
            given_name=given,
            department=f"Department {number % 500}",
            user_principal_name=f"p{number}@harbour.example",
        ),
        manager=f"{number // 10:08d}",
    )


@pytest.fixture(scope="module")
async def store() -> AsyncIterator[SqliteStore]:
    store = SqliteStore(None)
    group = Group(id="g", display_name="Everybody")
    people = [someone(number) for number in range(PEOPLE)]
    await Directory(store, Clock()).put(TENANT, people, [(group, tuple(one.id for one in people))])
    yield store
    await store.close()


class Work:
    """What the database was asked, and how much it did."""

    def __init__(self, store: SqliteStore) -> None:
        self._connection = store._reader
        self.statements: list[str] = []
        self.thousands = 0
        """Thousands of instructions of SQLite's virtual machine; a row takes a dozen or so."""

    @contextmanager
    def measured(self) -> Iterator[None]:
        self._connection.set_trace_callback(self.statements.append)
        self._connection.set_progress_handler(self._tick, 1000)
        yield
        self._connection.set_trace_callback(None)
        self._connection.set_progress_handler(None, 0)

    def _tick(self) -> int:
        self.thousands += 1
        return 0

    def plans(self) -> Iterator[str]:
        for statement in self.statements:
            for *_, step in self._connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
                yield step


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "$orderby=displayName desc",
        "$orderby=userPrincipalName",
        "$filter=userPrincipalName eq 'P77@HARBOUR.example'",
        "$filter=id in ('00000001','00000002','nobody')",
        "$filter=startswith(displayName,'ada')",
        "$filter=startswith(displayName,'ada')&$orderby=displayName desc",
        "$filter=startswith(displayName,'ada')&$orderby=userPrincipalName",
        "$filter=department eq 'department 7'",
        "$filter=department eq 'department 7'&$orderby=displayName desc",
        "$filter=givenName eq 'ada' and endswith(displayName,'nobody')",
        "$filter=givenName eq 'ada' and endswith(displayName,'nobody')&$orderby=displayName",
        "$filter=department eq 'department 7' or startswith(givenName,'em')",
        "$filter=displayName ge 'ines'",
        "$search=%22displayName:number77%22",
        "$search=%22displayName:number77%22 AND %22displayName:ada%22&$orderby=displayName",
    ],
)
async def test_no_query_scans(store: SqliteStore, asked: str) -> None:
    after = None
    for _ in range(3):
        work = Work(store)
        with work.measured():
            collection = await Directory(store, Clock()).everybody(
                CALLER, query(options(asked), User)
            )
            page = await collection.page(size=100, after=after)
        plans = list(work.plans())
        assert plans
        assert all(step.startswith("SEARCH") for step in plans), plans
        assert work.thousands < 50
        after = page.next
        if after is None:
            break


async def test_relations_of_many_are_read_page_by_page(store: SqliteStore) -> None:
    directory, work = Directory(store, Clock()), Work(store)
    everything = query(options(""), User)
    with work.measured():
        members = await directory.members(CALLER, "g", everything)
        page = await members.page(size=100, after=None)
        assert len(page.found) == 100
        page = await members.page(size=100, after=page.next)
        assert page.found[0].id == "00000100"
        reports = await directory.reports(CALLER, "00000123", everything)
        page = await reports.page(size=100, after=None)
        assert [one.id for one in page.found] == [f"0000123{n}" for n in range(10)]
        groups = await directory.groups_of(CALLER, "00000123", query(options(""), Group))
        assert len((await groups.page(size=100, after=None)).found) == 1
        assert (await directory.manager(CALLER, "p1234@harbour.example")).id == "00000123"
    plans = list(work.plans())
    assert all(step.startswith("SEARCH") for step in plans), plans
    assert work.thousands < 20


async def test_a_search_through_many_goes_on_from_page_to_page(store: SqliteStore) -> None:
    wanted = "$filter=givenName eq 'ada' and endswith(displayName,'990')"
    for ordered in ("", "&$orderby=displayName desc", "&$orderby=userPrincipalName"):
        asked = query(options(wanted + ordered), User)
        found, after, pages = [], None, 0
        while True:
            collection = await Directory(store, Clock()).everybody(CALLER, asked)
            page = await collection.page(size=30, after=after)
            assert len(page.found) <= 30
            found += [one.id for one in page.found]
            pages += 1
            after = page.next
            if after is None:
                break
        assert sorted(found) == [f"{n:05d}990".zfill(8) for n in range(100)]
        assert len(found) == len(set(found))
        assert 10 <= pages <= 101


async def test_what_would_take_looking_at_everybody_is_refused(store: SqliteStore) -> None:
    directory = Directory(store, Clock())
    for wanted in (
        "contains(displayName,'a')",
        "displayName ne 'x'",
        "givenName eq 'ada' or city eq 'Porto'",
        "not startswith(displayName,'a')",
        "mail eq null",
    ):
        with pytest.raises(UnsupportedQuery, match="userPrincipalName"):
            await directory.everybody(CALLER, query(options(f"$filter={wanted}"), User))
    wide = query(options("$filter=givenName eq 'ada' and endswith(displayName,'9')"), User)
    collection = await directory.everybody(CALLER, wide)
    with pytest.raises(UnsupportedQuery, match="1000"):
        await collection.count()
    everything = query(options("$orderby=displayName"), User)
    members = await directory.members(CALLER, "g", everything)
    with pytest.raises(UnsupportedQuery, match="1000"):
        await members.page(size=10, after=None)


async def test_what_the_index_tells_is_counted_there(store: SqliteStore) -> None:
    directory = Directory(store, Clock())
    for wanted, count in (
        ("", PEOPLE),
        ("$filter=startswith(displayName,'ada')", PEOPLE // 10),
        ("$filter=startswith(givenName,'emile')", PEOPLE // 10),
        ("$filter=givenName in ('ada','ADA','hiro')", PEOPLE // 5),
        ("$filter=givenName eq 'ada' or startswith(givenName,'ad')", PEOPLE // 10),
    ):
        collection = await directory.everybody(CALLER, query(options(wanted), User))
        assert await collection.count() == count
    members = await directory.members(CALLER, "g", query(options(""), User))
    assert await members.count() == PEOPLE
