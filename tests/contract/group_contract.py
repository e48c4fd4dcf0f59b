"""What an atomicity group promises on any store, as one class of tests like the store's own."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from contract.store_contract import Refusal, allow, insert, key, refuse
from openprofile.errors import NotSupported
from openprofile.store.base import (
    Change,
    Conflict,
    Delete,
    DeletePerson,
    Erase,
    Full,
    Missing,
    PutItem,
    PutPerson,
    Record,
    Span,
    Store,
    Unavailable,
    Update,
    UpdatePerson,
)
from openprofile.store.deferred import Moved
from openprofile.store.group import GroupFailed, Member, atomically

ALL = Span("p", "", "z")
Work = Callable[[Member], Awaitable[list[Record | None]]]


def writes(*changes: Change) -> Work:
    async def work(member: Member) -> list[Record | None]:
        return await member.write(changes)

    return work


async def reads(member: Member) -> list[Record | None]:
    return [await member.get(key("0"))]


async def fails(member: Member) -> list[Record | None]:
    raise Refusal


@pytest.mark.anyio
class GroupContract:
    @pytest.fixture
    async def store(self) -> Store:
        """An empty store, which a subclass provides and closes."""
        raise NotImplementedError

    async def ids(self, store: Store) -> list[str]:
        return [found.id for found in await store.collection("t", "o", "f")]

    async def test_each_member_gets_its_own_records(self, store: Store) -> None:
        outcomes = await atomically(
            store,
            [
                writes(insert(key("1"), "a"), insert(key("2"), "b")),
                reads,
                writes(),
                writes(Update(key("1"), lambda found: found.text + "+")),
                writes(Delete(key("2"), allow)),
            ],
        )
        texts = [
            [record and record.text for record in outcome] if isinstance(outcome, list) else outcome
            for outcome in outcomes
        ]
        assert texts == [["a", "b"], [None], [], ["a+"], [None]]
        assert await self.ids(store) == ["1"]

    async def test_changes_are_carried_out_in_the_order_of_the_members(self, store: Store) -> None:
        async def late(member: Member) -> list[Record | None]:
            await member.after(1)
            return await member.write([insert(key(), "first")])

        await atomically(store, [late, writes(Update(key(), lambda found: found.text + "!"))])
        found = await store.get(key())
        assert found is not None
        assert found.text == "first!"

    @pytest.mark.parametrize("first", [True, False])
    async def test_a_member_that_fails_before_it_writes_undoes_all(
        self, store: Store, first: bool
    ) -> None:
        work = [writes(insert(key("1"))), reads, writes(insert(key("2")))]
        work.insert(0 if first else 3, fails)
        outcomes = await atomically(store, work)
        own = outcomes.pop(0 if first else 3)
        assert isinstance(own, Refusal)
        assert all(isinstance(outcome, GroupFailed) for outcome in outcomes)
        assert await self.ids(store) == []

    @pytest.mark.parametrize(
        ("bad", "expected"),
        [
            (insert(key("taken")), Conflict),
            (insert(key("1")), Conflict),
            (insert(key("more"), limit=2), Full),
            (Update(key("none"), refuse), Missing),
            (Update(key("taken"), refuse), Refusal),
            (PutItem(key("taken"), refuse, 9), Refusal),  # type: ignore[arg-type]
            (Delete(key("none"), allow), Missing),
            (Delete(key("taken"), refuse), Refusal),  # type: ignore[arg-type]
        ],
    )
    @pytest.mark.parametrize("place", [1, 2])
    async def test_the_member_at_fault_gets_its_own_error(
        self, store: Store, bad: Change, expected: type[Exception], place: int
    ) -> None:
        await store.write([insert(key("taken"))])
        work = [
            writes(insert(key("1")), Update(key("taken"), lambda _: "changed")),
            writes(insert(key("2"))),
        ]
        work.insert(place, writes(Update(key("taken"), lambda _: "again"), bad))
        outcomes = await atomically(store, work)
        assert [type(outcome) for outcome in outcomes] == [
            expected if index == place else GroupFailed for index in range(3)
        ]
        assert await self.ids(store) == ["taken"]
        found = await store.get(key("taken"))
        assert found is not None
        assert found.text == "{}"

    async def test_a_missing_item_that_a_change_reports_is_its_member_s(self, store: Store) -> None:
        def hidden(_: Record) -> str:
            raise Missing

        await store.write([insert(key())])
        outcomes = await atomically(
            store, [writes(insert(key("2"))), writes(Update(key(), hidden))]
        )
        assert [type(outcome) for outcome in outcomes] == [GroupFailed, Missing]

    async def test_reads_see_what_those_before_them_hold_back(self, store: Store) -> None:
        for name in ("kept", "changed", "gone"):
            await store.write([insert(key(name))])

        async def reader(member: Member) -> list[Record | None]:
            return [
                *[await member.get(key(name)) for name in ("new", "kept", "changed", "gone")],
                *await member.collection("t", "o", "f"),
                *[record for _, record in await member.owned("t", "o")],
            ]

        changes = (
            insert(key("new"), "a", created=7),
            Update(key("new"), lambda found: found.text + "b"),
            Update(key("changed"), lambda found: found.text + "+"),
            Delete(key("gone"), allow),
        )

        async def late(member: Member) -> list[Record | None]:
            await member.after(1)
            return await reader(member)

        before, _, after = await atomically(store, [reader, writes(*changes), late])
        assert isinstance(before, list)
        assert isinstance(after, list)
        assert [each and each.id for each in before[:4]] == [None, "kept", "changed", "gone"]
        assert after[3] is None
        stored = [await store.get(key(name)) for name in ("new", "kept", "changed", "gone")]
        assert after[:4] == stored
        assert after[4:7] == after[7:] == await store.collection("t", "o", "f")

    async def test_what_is_erased_is_not_read(self, store: Store) -> None:
        await store.write([insert(key())])

        async def reader(member: Member) -> list[Record | None]:
            await member.after(0)
            assert await member.owned("t", "o") == []
            return [await member.get(key())]

        assert (await atomically(store, [writes(Erase("t", "o")), reader]))[1] == [None]

    async def test_people_are_read_as_they_will_be(self, store: Store) -> None:
        def renamed(record: Record) -> PutPerson:
            return PutPerson("t", record.id, "new name", f"{record.text}+")

        async def reader(member: Member) -> list[Record | None]:
            await member.after(0)
            return [
                await member.person("t", each)
                for each in ("p", "p name", "new name", "q", "q name", "r", "r name")
            ]

        for name in "pqo":
            await store.write([PutPerson("t", name, f"{name} name", name)])
        changes: list[Change] = [
            UpdatePerson("t", "p", renamed, "new name"),
            DeletePerson("t", "q", (), renamed),
            PutPerson("t", "r", "r name", "r", new=True),
        ]
        seen = (await atomically(store, [writes(*changes), reader]))[1]
        assert isinstance(seen, list)
        texts = [record and record.text for record in seen]
        assert texts == ["p+", None, "p+", None, None, "r", "r"]

    async def test_an_index_that_would_have_changed_is_not_read(self, store: Store) -> None:
        async def finder(member: Member) -> list[Record | None]:
            return [each.record for each in await member.entries("t", "user", ALL, limit=9)]

        async def late(member: Member) -> list[Record | None]:
            await member.after(0)
            return await finder(member)

        put = PutPerson("t", "p", "p name", "p")
        outcomes = await atomically(store, [writes(put), late])
        assert [type(outcome) for outcome in outcomes] == [GroupFailed, NotSupported]
        outcomes = await atomically(store, [finder, writes(put)])
        assert [type(outcome) for outcome in outcomes] == [list, list]
        elsewhere = PutPerson("u", "p", "p name", "p")
        outcomes = await atomically(store, [writes(elsewhere), late])
        assert [type(outcome) for outcome in outcomes] == [list, list]

    async def test_what_was_read_through_a_change_is_what_it_leaves_or_nothing_is_stored(
        self, store: Store
    ) -> None:
        await store.write([insert(key())])

        async def overtaken(member: Member) -> list[Record | None]:
            await member.after(0)
            seen = await member.get(key())
            await store.write([Update(key(), lambda _: "of another")])
            return [seen]

        change = Update(key(), lambda found: found.text + "!")
        outcomes = await atomically(store, [writes(change), overtaken])
        assert [type(outcome) for outcome in outcomes] == [Moved, GroupFailed]
        found = await store.get(key())
        assert found is not None
        assert found.text == "of another"

    async def test_a_member_learns_what_another_is_about_to_write(self, store: Store) -> None:
        async def dependent(member: Member) -> list[Record | None]:
            (change,) = await member.after(0)
            return await member.write([Update(change.key, lambda _: "seen")])  # type: ignore[union-attr]

        outcomes = await atomically(store, [writes(insert(key())), dependent])
        assert [type(outcome) for outcome in outcomes] == [list, list]
        found = await store.get(key())
        assert found is not None
        assert found.text == "seen"

    async def test_waiting_for_a_member_that_fails_ends(self, store: Store) -> None:
        async def dependent(member: Member) -> list[Record | None]:
            await member.after(0)
            raise AssertionError

        outcomes = await atomically(store, [fails, dependent])
        assert [type(outcome) for outcome in outcomes] == [Refusal, GroupFailed]

    async def test_what_comes_to_its_write_after_the_failure_is_refused(self, store: Store) -> None:
        failed = asyncio.Event()

        async def failing(member: Member) -> list[Record | None]:
            failed.set()
            raise Refusal

        async def late(member: Member) -> list[Record | None]:
            await failed.wait()
            await asyncio.sleep(0)
            return await member.write([insert(key())])

        outcomes = await atomically(store, [late, failing])
        assert [type(outcome) for outcome in outcomes] == [GroupFailed, Refusal]
        assert await self.ids(store) == []

    async def test_a_member_writes_once(self, store: Store) -> None:
        async def twice(member: Member) -> list[Record | None]:
            await member.write([insert(key("1"))])
            return await member.write([insert(key("2"))])

        outcomes = await atomically(store, [twice, writes(insert(key("3")))])
        assert [type(outcome) for outcome in outcomes] == [RuntimeError, list]
        assert await self.ids(store) == ["1", "3"]

    async def test_a_member_that_gives_up_its_write_fails_the_group(self, store: Store) -> None:
        gate = asyncio.Event()

        async def impatient(member: Member) -> list[Record | None]:
            writing = asyncio.ensure_future(member.write([insert(key("1"))]))
            await asyncio.sleep(0)
            writing.cancel()
            gate.set()
            raise Refusal

        async def patient(member: Member) -> list[Record | None]:
            await gate.wait()
            return await member.write([insert(key("2"))])

        outcomes = await atomically(store, [impatient, patient])
        assert [type(outcome) for outcome in outcomes] == [Refusal, GroupFailed]
        assert await self.ids(store) == []

    async def test_an_unavailable_store_is_everybody_s_error(self, store: Store) -> None:
        await store.close()
        outcomes = await atomically(store, [writes(insert(key("1"))), writes(insert(key("2")))])
        assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]

    async def test_a_group_that_only_reads_writes_nothing(self, store: Store) -> None:
        await store.write([insert(key("0"))])
        outcomes = await atomically(store, [reads, reads])
        assert all(isinstance(outcome, list) for outcome in outcomes)
        outcomes = await atomically(store, [reads, fails])
        assert [type(outcome) for outcome in outcomes] == [GroupFailed, Refusal]

    async def test_groups_side_by_side_do_not_disturb_each_other(self, store: Store) -> None:
        await store.write([insert(key("taken"))])
        groups = [
            [writes(insert(key(f"{n}a"))), writes(insert(key("taken" if n % 2 else f"{n}b")))]
            for n in range(20)
        ]
        outcomes = await asyncio.gather(*(atomically(store, group) for group in groups))
        assert [isinstance(group[0], list) for group in outcomes] == [n % 2 == 0 for n in range(20)]
        assert len(await self.ids(store)) == 1 + 2 * 10

    async def test_a_member_reads_as_the_store_does(self, store: Store) -> None:
        await store.write([insert(key())])

        async def work(member: Member) -> list[Record | None]:
            assert await member.collection("t", "o", "f") == await store.collection("t", "o", "f")
            assert await member.owned("t", "o") == await store.owned("t", "o")
            assert await member.person("t", "1") is None
            assert await member.group("t", "1") is None
            assert await member.entries("t", "user", Span("p", "", "z"), limit=9) == []
            assert await member.count_entries("t", "user", Span("p", "", "z")) == 0
            assert await member.related("t", "members", "1", limit=9) == []
            assert await member.count_related("t", "members", "1") == 0
            assert not await member.share_group("t", "1", "2")
            await member.check()
            await member.close()
            return []

        assert await atomically(store, [work]) == [[]]
        await store.check()
