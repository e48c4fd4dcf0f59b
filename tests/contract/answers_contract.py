"""What every store promises of answers that it keeps for requests that are repeated."""

import asyncio

import pytest

from contract.store_contract import allow, insert, key, person, release
from openprofile.store.base import (
    Conflict,
    Delete,
    DeletePerson,
    Erase,
    EraseTenant,
    Remember,
    Remembered,
    Store,
    Update,
)
from openprofile.store.deferred import Deferred, Moved


def remember(
    request_id: str = "r",
    text: str = "answer",
    *,
    tenant: str = "t",
    caller: str = "c",
    owner: str = "o",
    now: int = 100,
    expires: int = 200,
) -> Remember:
    return Remember(tenant, caller, request_id, owner, text, now, expires)


@pytest.mark.anyio
class AnswersContract:
    @pytest.fixture
    async def store(self) -> Store:
        """An empty store, which a subclass provides and closes."""
        raise NotImplementedError

    async def test_an_answer_is_kept_with_what_was_written(self, store: Store) -> None:
        record, nothing = await store.write([insert(key()), remember(text='{"é": "\\u0000"}')])
        assert record == await store.get(key())
        assert nothing is None
        assert await store.remembered("t", "c", "r") == Remembered('{"é": "\\u0000"}', 200)

    async def test_it_is_its_callers_alone(self, store: Store) -> None:
        await store.write([remember()])
        for place in (("x", "c", "r"), ("t", "x", "r"), ("t", "c", "x"), ("t", "c", "r\0")):
            assert await store.remembered(*place) is None
        await store.write([remember(caller="x"), remember(tenant="x"), remember("x")])

    async def test_nothing_is_written_for_an_answer_that_is_kept_already(
        self, store: Store
    ) -> None:
        await store.write([remember(text="first")])
        with pytest.raises(Conflict) as raised:
            await store.write([insert(key()), again := remember(text="second")])
        assert raised.value.change is again
        assert await store.get(key()) is None
        assert await store.remembered("t", "c", "r") == Remembered("first", 200)

    async def test_no_answer_is_kept_for_what_is_not_written(self, store: Store) -> None:
        await store.write([insert(key())])
        with pytest.raises(Conflict):
            await store.write([remember(), insert(key())])
        assert await store.remembered("t", "c", "r") is None

    async def test_of_requests_at_once_one_is_carried_out(self, store: Store) -> None:
        outcomes = await asyncio.gather(
            *(store.write([insert(key(str(n))), remember(text=str(n))]) for n in range(8)),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7
        (kept,) = await store.collection("t", "o", "f")
        assert await store.remembered("t", "c", "r") == Remembered(kept.id, 200)

    async def test_an_answer_that_has_expired_makes_room(self, store: Store) -> None:
        await store.write([remember(text="first")])
        with pytest.raises(Conflict):
            await store.write([remember(text="second", now=199, expires=299)])
        await store.write([remember(text="second", now=200, expires=300)])
        assert await store.remembered("t", "c", "r") == Remembered("second", 300)

    async def test_what_has_expired_goes_when_more_comes(self, store: Store) -> None:
        for number in range(6):
            await store.write([remember(str(number), caller=str(number), expires=200 + number)])
        await store.write([remember("other", tenant="u", expires=200)])
        await store.write([remember("new", now=205, expires=300)])
        left = [await store.remembered("t", str(n), str(n)) is not None for n in range(6)]
        assert left == [False, False, False, False, True, True]
        await store.write([remember("newer", now=205, expires=300)])
        assert await store.remembered("t", "5", "5") is None
        assert await store.remembered("t", "c", "new") is not None
        assert await store.remembered("u", "c", "other") is not None

    async def test_to_erase_what_somebody_owns_empties_answers_about_it(self, store: Store) -> None:
        for place in ({"owner": "1"}, {"owner": "2"}, {"owner": "1", "tenant": "u"}):
            await store.write([remember("/".join(place.values()), **place)])
        await store.write([Erase("t", "1"), remember("erased", owner="1")])
        assert await store.remembered("t", "c", "1") == Remembered("", 200)
        for tenant, name in (("t", "2"), ("u", "1/u"), ("t", "erased")):
            assert await store.remembered(tenant, "c", name) == Remembered("answer", 200)

    async def test_to_delete_somebody_empties_answers_about_them(self, store: Store) -> None:
        await store.write([person("1"), remember(owner="1")])
        await store.write([DeletePerson("t", "1", "p", release)])
        assert await store.remembered("t", "c", "r") == Remembered("", 200)

    async def test_a_deferred_write_is_tried_at_once_and_carried_out_as_it_was_tried(
        self, store: Store
    ) -> None:
        deferred = Deferred(store)
        (tried,) = await deferred.write([insert(key(), "new", created=7)])
        assert await store.get(key()) is None
        await deferred.commit(remember())
        assert await store.get(key()) == tried
        assert await store.remembered("t", "c", "r") is not None

        deferred = Deferred(store)
        texts = iter(("once", "twice"))
        (tried,) = await deferred.write([Update(key(), lambda _: next(texts))])
        await deferred.commit()
        assert await store.get(key()) == tried
        assert tried is not None
        assert tried.text == "once"

    async def test_a_deferred_write_of_what_has_moved_meanwhile_is_not_carried_out(
        self, store: Store
    ) -> None:
        await store.write([insert(key(), "old")])
        update, delete = Deferred(store), Deferred(store)
        await update.write([Update(key(), lambda found: found.text + "+")])
        await delete.write([Delete(key(), allow)])
        (moved,) = await store.write([Update(key(), lambda _: "moved")])
        for deferred in (update, delete):
            with pytest.raises(Moved):
                await deferred.commit(remember())
        assert await store.get(key()) == moved
        assert await store.remembered("t", "c", "r") is None

    async def test_to_erase_a_tenant_removes_its_answers(self, store: Store) -> None:
        await store.write([remember(), remember(tenant="u")])
        await store.write([EraseTenant("t"), remember("later")])
        assert await store.remembered("t", "c", "r") is None
        assert await store.remembered("t", "c", "later") is not None
        assert await store.remembered("u", "c", "r") is not None
