"""What every store promises, as one class of tests: a store's own test module subclasses it."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from openprofile.store.base import (
    Change,
    Conflict,
    Delete,
    DeletePerson,
    Erase,
    EraseTenant,
    Full,
    Insert,
    Join,
    Key,
    Kind,
    Leave,
    Missing,
    PutGroup,
    PutItem,
    PutPerson,
    Record,
    Relation,
    Span,
    Store,
    StoreError,
    Term,
    Unavailable,
    Update,
    UpdatePerson,
    next_version,
)


def key(item: str = "1", *, tenant: str = "t", owner: str = "o", facet: str = "f") -> Key:
    return Key(tenant, owner, facet, item)


def insert(at: Key, text: str = "{}", *, created: int = 0, limit: int = 1000) -> Insert:
    return Insert(at, created, text, limit)


OWNERS = [("t", "o"), ("t", "other"), ("other", "o"), ("t", "x"), ("x", "o")]
"""The tenants and ids of those who own the items of the tests."""


async def people(store: Store) -> Store:
    """The store, with the people there who own items; no query of the tests finds them."""
    await store.write([PutPerson(tenant, id, f"owner {id}", "") for tenant, id in OWNERS])
    return store


async def empty(store: Store) -> None:
    """Take the ``people`` out again."""
    await store.write([EraseTenant(tenant) for tenant, _ in OWNERS])


def put(at: Key, record: Record, *, limit: int = 1000) -> PutItem:
    return PutItem(at, lambda _: record, limit)


def allow(_: Record) -> None:
    pass


class Refusal(Exception):
    pass


def refuse(_: Record) -> str:
    raise Refusal


EVERY = ("", "\U0010ffff")
"""The ends of the span that holds all terms of a property."""


def person(
    person_id: str, *values: str, tenant: str = "t", name: str | None = None, new: bool = False
) -> PutPerson:
    """A person who is found by ``values`` of the property ``p``."""
    terms = tuple(Term("p", value) for value in values)
    name = name or f"{person_id}@x"
    return PutPerson(tenant, person_id, name, person_id.upper(), terms, new)


def release(record: Record) -> PutPerson:
    return person(record.id, "released")


async def found(store: Store, low: str, high: str, **options: Any) -> list[tuple[str, str]]:
    """The values and ids of a span of the property ``p``."""
    limit = options.pop("limit", 100)
    entries = await store.entries("t", "user", Span("p", low, high), limit=limit, **options)
    assert all(entry.record.text == entry.record.id.upper() for entry in entries)
    return [(entry.value, entry.record.id) for entry in entries]


class Model:
    """The items of two owners, ``o`` and ``x``, as plain dictionaries; three find room."""

    LIMIT = 3

    def __init__(self) -> None:
        self.items: dict[str, set[str]] = {"o": set(), "x": set()}

    def change(self, chance: random.Random) -> Change:
        """Some change, of which many cannot be carried out."""
        owner = chance.choice("ox")
        at = key(chance.choice("12345"), owner=owner)
        return chance.choice(
            [
                *[insert(at, limit=self.LIMIT)] * 6,
                *[put(at, Record(at.id, 1, "{}"), limit=self.LIMIT)] * 2,
                *[Delete(at, allow)] * 3,
                *[Update(at, lambda _: "new")] * 2,
                Update(at, refuse),
                Erase("t", owner),
                DeletePerson("t", owner, (), release),
                *[PutPerson("t", owner, f"owner {owner}", "")] * 2,
            ]
        )

    def carry_out(self, changes: Sequence[Change]) -> type[Exception] | None:
        """What the Store promises that they raise; nothing of them is done then."""
        before = {owner: items.copy() for owner, items in self.items.items()}
        error = next(filter(None, map(self._raised, changes)), None)
        if error is not None:
            self.items = before
        return error

    def _raised(self, change: Change) -> type[Exception] | None:
        error: type[Exception] | None = None
        match change:
            case Insert(at) | PutItem(at):
                error = self._put(at, anyway=isinstance(change, PutItem))
            case Update(at) if at.id not in self.items.get(at.owner, ()):
                error = Missing
            case Update():
                error = Refusal if change.revise is refuse else None
            case Delete(at) if at.id in self.items.get(at.owner, ()):
                self.items[at.owner].remove(at.id)
            case DeletePerson(id=owner) if owner in self.items:
                del self.items[owner]
            case Delete() | DeletePerson():
                error = Missing
            case Erase(owner=owner):
                self.items.get(owner, set()).clear()
            case PutPerson(id=owner):
                self.items.setdefault(owner, set())
        return error

    def _put(self, at: Key, *, anyway: bool) -> type[Exception] | None:
        items = self.items.get(at.owner)
        if items is None:
            return Missing
        if at.id in items and anyway:
            return None
        if len(items) >= self.LIMIT:
            return Full
        if at.id in items:
            return Conflict
        items.add(at.id)
        return None


async def walk(stores: Sequence[Store], seed: int) -> None:
    """Write at random by one of the stores of one database after the other."""
    chance, model = random.Random(seed), Model()
    for _ in range(150):
        changes = [model.change(chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        expected = model.carry_out(changes)
        raised: type[BaseException] | None = None
        try:
            await chance.choice(stores).write(changes)
        except (StoreError, Refusal) as error:
            raised = type(error)
        assert raised is expected, changes
    for owner in "ox":
        found = {record.id for _, record in await stores[0].owned("t", owner)}
        assert found == model.items.get(owner, set())


@pytest.mark.anyio
class StoreContract:
    @pytest.fixture
    async def store(self) -> Store:
        """A store with ``people`` in it, which a subclass provides and closes."""
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
        await store.write([person(name, name) for name in reversed(order)])
        assert [found.id for found in await store.collection("t", "o", "f")] == order
        entries = await store.entries("t", "user", Span("p", *EVERY), limit=9)
        assert [entry.record.id for entry in entries] == order

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

    async def test_an_item_is_put_as_it_is(self, store: Store) -> None:
        record = Record("1", 41, "{é}", created=7)
        assert await store.write([put(key(), record)]) == [record]
        assert await store.get(key()) == record
        await store.write([insert(key("2"), created=5)])
        assert [found.id for found in await store.collection("t", "o", "f")] == ["2", "1"]

    async def test_an_item_put_instead_of_another_has_seen_it(self, store: Store) -> None:
        (before,) = await store.write([insert(key(), "a", created=7)])
        seen = []

        def make(there: Record | None) -> Record:
            seen.append(there)
            return Record("1", 50, "b", created=3)

        (after,) = await store.write([PutItem(key(), make, 1)])
        assert seen == [before]
        assert after == Record("1", 50, "b", created=3) == await store.get(key())

    async def test_an_item_put_as_it_was_stays(self, store: Store) -> None:
        (before,) = await store.write([insert(key(), "a")])

        def make(there: Record | None) -> Record:
            assert there is not None
            return there

        assert await store.write([PutItem(key(), make, 1)]) == [before]
        assert await store.get(key()) == before

    async def test_what_a_put_raises_leaves_all_as_it_was(self, store: Store) -> None:
        await store.write([insert(key("1"))])

        def refused(_: Record | None) -> Record:
            raise Refusal

        for item in ("1", "2"):
            with pytest.raises(Refusal):
                await store.write([Update(key("1"), lambda _: "x"), PutItem(key(item), refused, 9)])
        with pytest.raises(Full):
            await store.write([put(key("2"), Record("2", 1, "b"), limit=1)])
        with pytest.raises(Missing):
            await store.write([put(key("2", owner="nobody"), Record("2", 1, "b"))])
        assert [found.text for found in await store.collection("t", "o", "f")] == ["{}"]

    async def test_a_put_is_seen_by_the_changes_after_it(self, store: Store) -> None:
        first = Record("1", 5, "a", created=3)
        _, updated, _, _ = await store.write(
            [
                put(key("1"), first, limit=1),
                Update(key("1"), lambda found: found.text + "b"),
                Delete(key("1"), allow),
                put(key("2"), Record("2", 9, "c"), limit=1),
            ]
        )
        assert updated == Record("1", next_version(5, "ab"), "ab", created=3)
        assert [found.text for found in await store.collection("t", "o", "f")] == ["c"]
        with pytest.raises(Conflict):
            await store.write([put(key("3"), Record("3", 1, "")), insert(key("3"))])

    async def test_tenants_run_by_code_point(self, store: Store) -> None:
        await empty(store)
        assert await store.next_tenant() is None
        await store.write([person("1", tenant="a"), person("2", tenant="é")])
        await store.write([PutGroup("B", "g", "", ()), insert(key(tenant="é", owner="2"))])
        tenants, after = [], await store.next_tenant()
        while after is not None:
            tenants.append(after)
            after = await store.next_tenant(after)
        assert tenants == ["B", "a", "é"]

    async def test_a_tenant_is_read_page_by_page(self, store: Store) -> None:
        await empty(store)
        people = await store.write([person(name) for name in ("b", "A", "a", "é")])
        groups = await store.write([PutGroup("t", name, "", ()) for name in ("h", "g")])
        await store.write([person("x", tenant="other"), PutGroup("other", "x", "", ())])
        by_id = [people[1], people[2], people[0], people[3]]
        assert await store.objects("t", "user", limit=9) == by_id
        assert await store.objects("t", "user", after="a", limit=1) == [people[0]]
        assert await store.objects("t", "user", after="é", limit=1) == []
        assert await store.objects("t", "group", limit=9) == groups[::-1]
        assert await store.objects("nobody", "user", limit=9) == []

    async def test_a_tenant_is_erased_whole_and_alone(self, store: Store) -> None:
        await empty(store)
        for tenant in ("t", "other"):
            await store.write([person("1", "a", tenant=tenant)])
            group = PutGroup(tenant, "g", "G", ("1",), (Term("p", "a"),))
            await store.write([insert(key(owner="1", tenant=tenant)), group])
        assert await store.write([EraseTenant("t")]) == [None]
        assert await store.next_tenant() == "other"
        assert await store.next_tenant("other") is None
        kinds: tuple[Kind, ...] = ("user", "group")
        for tenant, count in (("t", 0), ("other", 1)):
            assert len(await store.owned(tenant, "1")) == count
            assert await store.count_related(tenant, "memberOf", "1") == count
            for kind in kinds:
                assert await store.count_entries(tenant, kind, Span("p", *EVERY)) == count
                assert len(await store.objects(tenant, kind, limit=9)) == count
        assert await store.person("t", "1@x") is None
        await store.write([EraseTenant("t")])

    async def test_what_follows_the_end_of_a_tenant_finds_nothing_there(self, store: Store) -> None:
        await store.write([person("1", "a")])
        items = [insert(key(item, owner="2")) for item in "12"]
        await store.write([person("2", "1"), *items])
        await store.write([PutGroup("t", "g", "", ("1", "2"))])
        after = await store.write(
            [
                EraseTenant("t"),
                person("2", "1", name="1@x", new=True),
                insert(key("1", owner="2"), "new", limit=1),
                PutGroup("t", "g", "", ()),
                Join("t", "g", "2"),
                person("3", new=True),
                DeletePerson("t", "3", ("p",), release),
            ]
        )
        assert [record and record.id for record in after] == [None, "2", "1", "g", None, "3", None]
        assert await found(store, *EVERY) == [("1", "2")]
        assert [one.text for one in await store.collection("t", "2", "f")] == ["new"]
        assert await store.count_related("t", "members", "g") == 1
        kept = key("kept", owner="2")
        for gone in (
            UpdatePerson("t", "1", release),
            Join("t", "g", "1"),
            Update(key("1", owner="2"), refuse),
            insert(key("lost", owner="2")),
        ):
            with pytest.raises(Missing):
                await store.write([insert(kept, limit=9), EraseTenant("t"), gone])
        assert await found(store, *EVERY) == [("1", "2")]
        assert await store.get(kept) is None

    async def test_while_a_tenant_is_erased_its_neighbours_write(self, store: Store) -> None:
        await store.write([person(str(n), "a") for n in range(5)])
        outcomes = await asyncio.gather(
            *(store.write([insert(key(str(n), owner=str(n % 5)))]) for n in range(50)),
            store.write([EraseTenant("t")]),
            *(store.write([insert(key(str(n), tenant="other"))]) for n in range(50)),
            return_exceptions=True,
        )
        assert {type(outcome) for outcome in outcomes[:50]} <= {list, Missing}
        assert {type(outcome) for outcome in outcomes[50:]} == {list}
        assert len(await store.collection("other", "o", "f")) == 50
        assert await store.person("t", "1") is None

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

    @pytest.mark.parametrize("seed", range(8))
    async def test_whatever_is_written_a_collection_takes_as_many_as_it_may(
        self, store: Store, seed: int
    ) -> None:
        await walk([store], seed)

    async def test_an_update_sees_the_record_and_raises_the_version(self, store: Store) -> None:
        (before,) = await store.write([insert(key(), "a", created=7)])
        (after,) = await store.write([Update(key(), lambda found: found.text + "b")])
        assert before is not None
        assert after is not None
        assert after.version > before.version
        assert after == Record("1", after.version, "ab", created=7)
        assert await store.get(key()) == after

    async def test_a_version_does_not_come_back_with_an_older_state(self, store: Store) -> None:
        (first,) = await store.write([insert(key(), "a")])
        assert first is not None
        seen = {first.version}
        for text in ("b", "c", "d"):
            (after,) = await store.write([Update(key(), lambda _, text=text: text)])  # type: ignore[misc]
            assert after is not None
            seen.add(after.version)
            await store.write([put(key(), first)])
        assert len(seen) == 4

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

    async def test_a_new_person_takes_neither_an_id_nor_a_name(self, store: Store) -> None:
        await store.write([person("1")])
        with pytest.raises(Conflict):
            await store.write([PutPerson("t", "1", "other@x", "", new=True)])
        with pytest.raises(Conflict):
            await store.write([PutPerson("t", "2", "1@x", "", new=True)])
        kept = await store.person("t", "1")
        assert kept is not None
        assert kept.text == "1"
        await store.write([person("2", new=True), person("1", tenant="other", new=True)])

    async def test_a_span_runs_by_value_then_id(self, store: Store) -> None:
        await store.write(
            [person("c", "ada"), person("a", "bram"), person("b", "ada"), person("d", "ade", "é")]
        )
        await store.write([person("z", "ada", tenant="other")])
        every = [("ada", "b"), ("ada", "c"), ("ade", "d"), ("bram", "a"), ("é", "d")]
        assert await found(store, *EVERY) == every
        assert await found(store, *EVERY, descending=True) == every[::-1]
        assert await found(store, "ada", "ada") == every[:2]
        assert await found(store, "ad", "ad\U0010ffff") == every[:3]
        assert await found(store, "ade", "bram") == every[2:4]
        assert await found(store, "x", "a") == []
        for span, count in ((EVERY, 5), (("ada", "ada"), 2), (("x", "y"), 0)):
            assert await store.count_entries("t", "user", Span("p", *span)) == count
        assert await store.count_entries("t", "user", Span("other", *EVERY)) == 0
        assert await store.count_entries("t", "group", Span("p", *EVERY)) == 0

    @pytest.mark.parametrize("descending", [False, True])
    async def test_a_span_goes_on_after_an_entry_that_may_be_gone(
        self, store: Store, descending: bool
    ) -> None:
        people = [person(str(n), f"v{n // 2}") for n in range(6)]
        await store.write(people)
        every = await found(store, *EVERY, descending=descending)
        for width in (1, 2, 4):
            after, read = None, []
            while page := await found(
                store, *EVERY, descending=descending, after=after, limit=width
            ):
                read += page
                after = page[-1]
            assert read == every
        await store.write([person("2")])
        kept = [("v0", "0"), ("v0", "1"), ("v1", "3"), ("v2", "4"), ("v2", "5")]
        expected = kept[1::-1] if descending else kept[2:]
        assert await found(store, *EVERY, descending=descending, after=("v1", "2")) == expected

    async def test_terms_are_those_that_were_put_last(self, store: Store) -> None:
        await store.write([person("1", "old", "same"), person("2", "old")])
        await store.write([person("1", "new", "same")])
        assert await found(store, *EVERY) == [("new", "1"), ("old", "2"), ("same", "1")]
        with pytest.raises(Conflict):
            await store.write([PutPerson("t", "1", "2@x", "", (Term("p", "lost"),))])
        assert await found(store, *EVERY) == [("new", "1"), ("old", "2"), ("same", "1")]

    async def test_a_person_is_revised_in_the_transaction(self, store: Store) -> None:
        (before,) = await store.write([person("1", "a")])
        assert before is not None

        def revise(record: Record) -> PutPerson:
            assert record == before
            return PutPerson("t", "1", "new@x", "1", (Term("p", "b"),))

        (after,) = await store.write([UpdatePerson("t", "1", revise, "new@x")])
        assert after is not None
        assert after.version == before.version + 1
        assert await store.person("t", "new@x") == after
        assert await store.person("t", "1@x") is None
        assert await found(store, *EVERY) == [("b", "1")]

    async def test_a_person_whose_revision_is_refused_stays(self, store: Store) -> None:
        await store.write([person("1", "a"), person("2")])

        def refused(_: Record) -> PutPerson:
            raise Refusal

        with pytest.raises(Refusal):
            await store.write([UpdatePerson("t", "1", refused)])
        with pytest.raises(Conflict):
            await store.write([UpdatePerson("t", "1", lambda _: person("1", name="2@x"), "2@x")])
        with pytest.raises(Missing):
            await store.write([UpdatePerson("t", "3", release)])
        with pytest.raises(Missing):
            await store.write([UpdatePerson("t", "1", release, needed=("2", "3"))])
        assert await found(store, *EVERY) == [("a", "1")]

    async def test_a_deleted_person_leaves_nothing(self, store: Store) -> None:
        await store.write([person("1", "a"), person("2", "1"), person("3", "1", "b")])
        other = PutPerson("t", "4", "4@x", "4", (Term("q", "1"), Term("p", "1")))
        await store.write([other, PutGroup("t", "g", "", ("1", "2"))])
        await store.write([insert(key("i", owner="1")), insert(key("i", owner="2"))])
        assert await store.write([DeletePerson("t", "1", ("p", "q"), release)]) == [None]
        assert await store.person("t", "1") is None
        assert await store.person("t", "1@x") is None
        assert await store.owned("t", "1") == []
        assert len(await store.owned("t", "2")) == 1
        assert not await store.share_group("t", "1", "2")
        assert await found(store, *EVERY) == [("released", id) for id in "234"]
        assert await store.count_entries("t", "user", Span("q", *EVERY)) == 0
        with pytest.raises(Missing):
            await store.write([DeletePerson("t", "1", ("p",), release)])
        with pytest.raises(Missing):
            await store.write([insert(key("i", owner="1"))])

    async def test_who_is_not_there_owns_nothing(self, store: Store) -> None:
        await store.write([person("1")])
        for nobody in ("nobody", "1@x", "", "1\0"):
            with pytest.raises(Missing) as caught:
                await store.write([insert(key(), "lost"), insert(key("2", owner=nobody))])
            assert isinstance(caught.value.change, Insert)
            assert await store.owned("t", nobody) == []
        with pytest.raises(Missing):
            await store.write([insert(key(owner="1", tenant="other"))])
        assert await store.get(key()) is None
        await store.write([insert(key(owner="new")), person("new")][::-1])
        with pytest.raises(Missing):
            await store.write([DeletePerson("t", "new", (), release), insert(key(owner="new"))])
        assert await store.get(key(owner="new")) is not None

    async def test_nothing_outlives_its_owner(self, store: Store) -> None:
        for _ in range(20):
            await store.write([person("1")])
            inserts = [store.write([insert(key(str(n), owner="1"))]) for n in range(8)]
            outcomes = await asyncio.gather(
                *inserts[:4],
                store.write([DeletePerson("t", "1", (), release)]),
                *inserts[4:],
                return_exceptions=True,
            )
            assert {type(outcome) for outcome in outcomes} <= {list, Missing}
            assert await store.owned("t", "1") == []

    async def test_a_delete_that_fails_leaves_everything(self, store: Store) -> None:
        await store.write([person("1", "a"), person("2", "1"), insert(key(owner="1"))])
        await store.write([PutGroup("t", "g", "", ("1",))])

        def refused(_: Record) -> PutPerson:
            raise Refusal

        with pytest.raises(Refusal):
            await store.write([DeletePerson("t", "1", ("p",), refused)])
        assert await found(store, *EVERY) == [("1", "2"), ("a", "1")]
        assert len(await store.owned("t", "1")) == 1
        assert await store.count_related("t", "memberOf", "1") == 1

    async def test_of_who_is_deleted_a_mark_stays_with_its_time(self, store: Store) -> None:
        def deletion(at: int, *marks: str) -> DeletePerson:
            return DeletePerson("t", "1", (), release, marks, at)

        assert await store.departed("t", "a") is None
        for at in (7, 9):
            await store.write([person("1")])
            await store.write([deletion(at, "a", "é")])
            assert [await store.departed("t", name) for name in ("a", "é", "b")] == [at, at, None]
        assert await store.departed("u", "a") is None
        with pytest.raises(Missing):
            await store.write([deletion(11, "a")])
        await store.write([person("1")])
        with pytest.raises(Missing):
            await store.write([deletion(11, "b"), Leave("t", "g", "1")])
        assert [await store.departed("t", name) for name in ("a", "b")] == [9, None]
        await store.write([EraseTenant("t")])
        assert await store.departed("t", "a") is None

    async def test_changes_of_one_write_see_each_other(self, store: Store) -> None:
        await store.write([person("0", "1"), person("9", "1")])
        await store.write(
            [
                person("9", "2"),
                person("1", "a", new=True),
                person("2", "1", new=True),
                PutGroup("t", "g", "", ("1",)),
                Join("t", "g", "2"),
                DeletePerson("t", "1", ("p",), release),
                UpdatePerson("t", "2", lambda found: person("2", f"after {found.text}")),
            ]
        )
        assert await found(store, *EVERY) == [("2", "9"), ("after 2", "2"), ("released", "0")]
        assert [one.id for one in await store.related("t", "members", "g", limit=9)] == ["2"]
        with pytest.raises(Conflict):
            await store.write([Leave("t", "g", "2"), Join("t", "g", "2"), Join("t", "g", "2")])
        with pytest.raises(Missing):
            await store.write([person("3"), Leave("t", "g", "2"), Leave("t", "g", "2")])
        assert await store.person("t", "3") is None
        assert await store.count_related("t", "members", "g") == 1

    async def test_of_people_who_come_together_one_has_a_name(self, store: Store) -> None:
        outcomes = await asyncio.gather(
            *(store.write([person(str(n), "v", name="same", new=True)]) for n in range(20)),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 19
        assert len(await found(store, *EVERY)) == 1

    async def test_concurrent_changes_of_a_person_lose_nothing(self, store: Store) -> None:
        await store.write([PutPerson("t", "1", "1@x", "0")])

        def count(record: Record) -> PutPerson:
            return PutPerson("t", "1", "1@x", str(int(record.text) + 1))

        await asyncio.gather(*(store.write([UpdatePerson("t", "1", count)]) for _ in range(100)))
        counted = await store.person("t", "1")
        assert counted is not None
        assert counted.text == "100"

    async def test_membership_is_read_from_both_ends(self, store: Store) -> None:
        await store.write([person(name) for name in "cab"])
        await store.write([PutGroup("t", "h", "H", ("a", "b", "c")), PutGroup("t", "g", "G", "b")])

        async def related(relation: Relation, of: str, after: str = "", limit: int = 9) -> str:
            records = await store.related("t", relation, of, after=after, limit=limit)
            return "".join(record.id for record in records)

        assert await related("members", "h") == "abc"
        assert await related("members", "h", limit=2) == "ab"
        assert await related("members", "h", after="a") == "bc"
        assert await related("memberOf", "b") == "gh"
        assert await related("memberOf", "b", after="g") == "h"
        assert await related("members", "b") == ""
        assert await store.count_related("t", "members", "h") == 3
        assert await store.count_related("t", "memberOf", "b") == 2
        assert await store.count_related("other", "memberOf", "b") == 0
        assert (await store.related("t", "memberOf", "a", limit=9))[0] == await store.group(
            "t", "h"
        )
        assert await store.group("t", "a") is None

    async def test_people_join_and_leave_a_group(self, store: Store) -> None:
        await store.write([person("1"), person("2"), PutGroup("t", "g", "", ("1",))])
        assert await store.write([Join("t", "g", "2")]) == [None]
        assert await store.share_group("t", "1", "2")
        with pytest.raises(Conflict):
            await store.write([Join("t", "g", "2")])
        assert await store.write([Join("t", "g", "2", anyway=True)]) == [None]
        assert await store.count_related("t", "members", "g") == 2
        with pytest.raises(Missing):
            await store.write([Join("t", "g", "3", anyway=True)])
        for nobody in (Join("t", "g", "3"), Join("t", "h", "1"), Leave("t", "g", "3")):
            with pytest.raises(Missing):
                await store.write([nobody])
        assert await store.write([Leave("t", "g", "2")]) == [None]
        assert await store.count_related("t", "members", "g") == 1
        with pytest.raises(Missing):
            await store.write([Leave("t", "g", "2")])

    async def test_a_group_put_without_members_keeps_those_it_has(self, store: Store) -> None:
        await store.write([person("1"), PutGroup("t", "g", "G", ("1",))])
        await store.write([PutGroup("t", "g", "new", None), PutGroup("t", "h", "H", None)])
        assert await store.count_related("t", "members", "g") == 1
        assert await store.count_related("t", "members", "h") == 0
        there = await store.group("t", "g")
        assert there is not None
        assert there.text == "new"

    async def test_groups_are_found_by_their_terms(self, store: Store) -> None:
        await store.write([PutGroup("t", "g", "G", (), (Term("p", "a"),)), person("1", "a")])
        (entry,) = await store.entries("t", "group", Span("p", *EVERY), limit=9)
        assert (entry.value, entry.record.text) == ("a", "G")
        await store.write([PutGroup("t", "g", "G", (), (Term("p", "b"),))])
        (entry,) = await store.entries("t", "group", Span("p", *EVERY), limit=9)
        assert entry.value == "b"

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

    async def test_it_tells_how_much_it_has_written(self, store: Store) -> None:
        before = store.figures()
        assert before.waiting == 0
        await asyncio.gather(*(store.write([insert(key(str(n)))]) for n in range(8)))
        after = store.figures()
        assert after.waiting == 0
        assert after.groups.sum - before.groups.sum == 8
        assert 1 <= sum(after.groups.counts) - sum(before.groups.counts) <= 8
        if after.connections is not None:
            assert after.connections >= 1
            assert after.connects >= after.connections
