"""What every store promises, as one class of tests: a store's own test module subclasses it."""

import asyncio

import pytest

from openprofile.store.base import (
    Conflict,
    Delete,
    Erase,
    Full,
    Insert,
    Key,
    Missing,
    PutGroup,
    PutPerson,
    Record,
    Store,
    StoreError,
    Unavailable,
    Update,
)


def key(item: str = "1", *, tenant: str = "t", owner: str = "o", facet: str = "f") -> Key:
    return Key(tenant, owner, facet, item)


def insert(at: Key, text: str = "{}", *, created: int = 0, limit: int = 1000) -> Insert:
    return Insert(at, created, text, limit)


def allow(_: Record) -> None:
    pass


class Refusal(Exception):
    pass


def refuse(_: Record) -> str:
    raise Refusal


@pytest.mark.anyio
class StoreContract:
    @pytest.fixture
    async def store(self) -> Store:
        """An empty store, which a subclass provides and closes."""
        raise NotImplementedError

    async def test_an_inserted_item_is_read_back(self, store: Store) -> None:
        (written,) = await store.write([insert(key(), "{é}", created=7)])
        assert written is not None
        assert written.text == "{é}"
        assert written.version > 0
        assert written.created == 7
        assert await store.get(key()) == written

    @pytest.mark.parametrize("text", ["", '"\\u0000"', "'; --", "日本語 🎈", "x" * 1_000_000])
    async def test_text_is_opaque(self, store: Store, text: str) -> None:
        await store.write([insert(key(), text)])
        found = await store.get(key())
        assert found is not None
        assert found.text == text

    async def test_an_unknown_key_has_no_item(self, store: Store) -> None:
        await store.write([insert(key())])
        for other in (key("2"), key(tenant="x"), key(owner="x"), key(facet="x")):
            assert await store.get(other) is None

    async def test_a_name_with_a_nul_is_found_nowhere(self, store: Store) -> None:
        await store.write([insert(key("1")), PutPerson("t", "1", "ada@x", "Ada")])
        assert await store.get(key("1\0")) is None
        assert await store.collection("t", "o\0", "f") == []
        assert await store.person("t", "1\0") is None
        for change in (Update(key("1\0"), refuse), Delete(key("1\0"), refuse)):
            with pytest.raises(Missing):
                await store.write([change])

    async def test_a_taken_key_is_a_conflict(self, store: Store) -> None:
        (first,) = await store.write([insert(key(), "first")])
        with pytest.raises(Conflict):
            await store.write([insert(key(), "second")])
        assert await store.get(key()) == first

    async def test_a_collection_runs_by_created_then_id(self, store: Store) -> None:
        for item, created in (("c", 1), ("b", 2), ("a", 2), ("d", 0)):
            await store.write([insert(key(item), item, created=created)])
        await store.write([insert(key("z", owner="other")), insert(key("z", facet="other"))])
        assert [found.id for found in await store.collection("t", "o", "f")] == list("dcab")

    async def test_ids_and_names_run_by_code_point(self, store: Store) -> None:
        order = ["A", "Z", "_", "a", "z", "é"]
        await store.write([insert(key(item)) for item in reversed(order)])
        await store.write([PutPerson("t", name, name, "") for name in reversed(order)])
        assert [found.id for found in await store.collection("t", "o", "f")] == order
        assert [found.id for found in await store.people("t")] == order

    async def test_what_is_owned_runs_facet_by_facet(self, store: Store) -> None:
        for item, facet in (("b", "g"), ("a", "g"), ("z", "f"), ("c", "e")):
            await store.write([insert(key(item, facet=facet))])
        await store.write([insert(key(owner="other")), insert(key(tenant="other"))])
        assert [(facet, found.id) for facet, found in await store.owned("t", "o")] == [
            ("e", "c"),
            ("f", "z"),
            ("g", "a"),
            ("g", "b"),
        ]
        assert await store.owned("t", "nobody") == []

    async def test_an_erase_is_seen_by_the_changes_after_it(self, store: Store) -> None:
        await store.write([insert(key(str(n)), limit=2) for n in range(2)])
        await store.write([Erase("t", "o"), insert(key("1"), "new", limit=2)])
        assert [found.text for found in await store.collection("t", "o", "f")] == ["new"]
        with pytest.raises(Missing):
            await store.write([Erase("t", "o"), Update(key("1"), refuse)])
        assert [found.text for found in await store.collection("t", "o", "f")] == ["new"]

    async def test_a_full_collection_takes_no_more(self, store: Store) -> None:
        await store.write([insert(key(str(n)), limit=2) for n in range(2)])
        with pytest.raises(Full):
            await store.write([insert(key("more"), limit=2)])
        await store.write([insert(key("more", facet="other"), limit=2)])
        assert len(await store.collection("t", "o", "f")) == 2

    async def test_an_update_sees_the_record_and_raises_the_version(self, store: Store) -> None:
        (before,) = await store.write([insert(key(), "a", created=7)])
        (after,) = await store.write([Update(key(), lambda found: found.text + "b")])
        assert before is not None
        assert after == Record("1", before.version + 1, "ab", created=7)
        assert await store.get(key()) == after

    async def test_an_update_keeps_the_place_in_the_collection(self, store: Store) -> None:
        await store.write([insert(key(item), created=n) for n, item in enumerate("ba")])
        await store.write([Update(key("b"), lambda _: "new")])
        assert [found.id for found in await store.collection("t", "o", "f")] == ["b", "a"]

    async def test_a_refused_update_changes_nothing(self, store: Store) -> None:
        (before,) = await store.write([insert(key(), "a")])
        with pytest.raises(Refusal):
            await store.write([Update(key(), refuse)])
        assert await store.get(key()) == before

    async def test_delete_removes_and_a_refused_one_does_not(self, store: Store) -> None:
        await store.write([insert(key())])
        with pytest.raises(Refusal):
            await store.write([Delete(key(), refuse)])
        assert await store.get(key()) is not None
        assert await store.write([Delete(key(), allow)]) == [None]
        assert await store.get(key()) is None

    async def test_a_missing_item_is_neither_updated_nor_deleted(self, store: Store) -> None:
        with pytest.raises(Missing):
            await store.write([Update(key(), lambda found: found.text)])
        with pytest.raises(Missing):
            await store.write([Delete(key(), allow)])

    async def test_an_owner_is_erased_whole_and_alone(self, store: Store) -> None:
        mine = [key("1"), key("2"), key("1", facet="g")]
        others = [key("1", owner="other"), key("1", tenant="other")]
        await store.write([insert(at, created=n) for n, at in enumerate([*mine, *others])])
        owned = await store.owned("t", "o")
        assert [(facet, found.id) for facet, found in owned] == [("f", "1"), ("f", "2"), ("g", "1")]
        assert await store.write([Erase("t", "o")]) == [None]
        assert await store.owned("t", "o") == []
        for at in others:
            assert await store.get(at) is not None
        assert await store.write([Erase("t", "o")]) == [None]

    async def test_a_version_does_not_come_back_with_the_id(self, store: Store) -> None:
        seen = set()
        for _ in range(5):
            (written,) = await store.write([insert(key())])
            assert written is not None
            seen.add(written.version)
            await store.write([Delete(key(), allow)])
        assert len(seen) == 5

    @pytest.mark.parametrize(
        "last", [insert(key("1")), Update(key("none"), refuse), Update(key("1"), refuse)]
    )
    async def test_changes_of_one_write_are_all_or_none(
        self, store: Store, last: Insert | Update
    ) -> None:
        await store.write([insert(key("0"))])
        with pytest.raises((Conflict, Missing, Refusal)):
            await store.write(
                [insert(key("1")), Update(key("0"), lambda _: "new"), Delete(key("0"), allow), last]
            )
        assert [found.text for found in await store.collection("t", "o", "f")] == ["{}"]

    async def test_an_error_names_the_change_that_raised_it(self, store: Store) -> None:
        await store.write([insert(key("0")), PutPerson("t", "1", "ada@x", "Ada")])
        for bad in (
            insert(key("0")),
            insert(key("1"), limit=1),
            Update(key("none"), refuse),
            Delete(key("none"), allow),
            PutPerson("t", "2", "ada@x", "Not Ada"),
        ):
            with pytest.raises(StoreError) as caught:
                await store.write([Update(key("0"), lambda _: "x"), bad])
            assert caught.value.change is bad

    async def test_a_failed_write_leaves_its_neighbours_alone(self, store: Store) -> None:
        await store.write([insert(key("taken"))])
        outcomes = await asyncio.gather(
            *(
                store.write([insert(key(str(n))), insert(key("taken" if n % 3 else f"x{n}"))])
                for n in range(30)
            ),
            return_exceptions=True,
        )
        assert [isinstance(outcome, Conflict) for outcome in outcomes] == [
            n % 3 != 0 for n in range(30)
        ]
        ids = {found.id for found in await store.collection("t", "o", "f")}
        assert ids == {"taken"} | {f"{x}{n}" for n in range(0, 30, 3) for x in ("", "x")}

    async def test_concurrent_updates_lose_nothing(self, store: Store) -> None:
        await store.write([insert(key(), "0")])
        updates = [Update(key(), lambda found: str(int(found.text) + 1)) for _ in range(200)]
        await asyncio.gather(*(store.write([update]) for update in updates))
        found = await store.get(key())
        assert found is not None
        assert found.text == "200"

    async def test_a_waiter_that_gives_up_disturbs_nobody(self, store: Store) -> None:
        given_up = asyncio.ensure_future(store.write([insert(key("1"))]))
        kept = asyncio.ensure_future(store.write([insert(key("2"))]))
        await asyncio.sleep(0)
        given_up.cancel()
        await kept
        assert await store.get(key("2")) is not None

    async def test_people_are_found_by_id_and_by_name(self, store: Store) -> None:
        (ada,) = await store.write([PutPerson("t", "1", "ada@x", "Ada")])
        await store.write([PutPerson("t", "2", "bram@x", "Bram")])
        assert await store.person("t", "1") == ada
        assert await store.person("t", "ada@x") == ada
        assert await store.person("t", "nobody") is None
        assert await store.person("other", "1") is None
        assert [found.text for found in await store.people("t")] == ["Ada", "Bram"]

    async def test_a_person_can_be_renamed_but_not_to_a_taken_name(self, store: Store) -> None:
        await store.write([PutPerson("t", "1", "ada@x", "Ada"), PutPerson("t", "2", "b@x", "B")])
        await store.write([PutPerson("t", "1", "ada@y", "Ada Y")])
        assert await store.person("t", "ada@x") is None
        with pytest.raises(Conflict):
            await store.write([PutPerson("t", "2", "ada@y", "B")])
        await store.write([PutPerson("other", "2", "ada@y", "B")])

    async def test_people_share_a_group_while_both_are_in_it(self, store: Store) -> None:
        await store.write([PutGroup("t", "g", "", ("1", "2")), PutGroup("t", "h", "", ("2", "3"))])
        assert await store.share_group("t", "1", "2")
        assert await store.share_group("t", "3", "2")
        assert not await store.share_group("t", "1", "3")
        assert not await store.share_group("other", "1", "2")
        await store.write([PutGroup("t", "g", "", ("1",))])
        assert not await store.share_group("t", "1", "2")

    async def test_a_secret_is_made_once(self, store: Store) -> None:
        secret = await store.secret()
        assert len(secret) == 32
        assert len(set(secret)) > 8
        assert await store.secret() == secret

    async def test_check_returns_when_a_write_is_stored(self, store: Store) -> None:
        await store.check()

    async def test_close_finishes_what_was_accepted(self, store: Store) -> None:
        writes = [asyncio.ensure_future(store.write([insert(key(str(n)))])) for n in range(50)]
        await asyncio.sleep(0)
        await store.close()
        assert len(await asyncio.gather(*writes)) == 50
        with pytest.raises(Unavailable):
            await store.write([insert(key("late"))])
        await store.close()
