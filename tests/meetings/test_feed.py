"""The feed, promise by promise."""

import asyncio
import pathlib
from collections.abc import Iterator

import pytest
from meeting_world import SECOND, World, brief, caught_up, check_whole, next_of, settle, take, window
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.storage.store import Store
from roompulse_server.subscriptions import catch_up_subscription as feeds
from roompulse_server.subscriptions.catch_up_subscription import Filter, FromOffset, FromToken
from roompulse_server.subscriptions.resume_token import ResumeToken, TokenIssuer
from roompulse_server.types import (
    Consent,
    ConsentState,
    Event,
    Rollup,
    SlowPolicy,
    Update,
)


@pytest.fixture
def store(tmp_path: pathlib.Path) -> Iterator[Store]:
    store = SqliteStore(tmp_path)
    store.open()
    yield store
    store.close()


@pytest.fixture
def world(store: Store) -> World:
    world = World(store)
    world.publish(world.join("ada"))
    return world


async def test_live_items_pass_without_a_look_at_the_record(world: World) -> None:
    world.commit("ada")
    async with world.feed() as feed:
        reads = world.record.reads
        world.publish(world.commit("ada", events=1, windows=1))
        world.publish(world.commit("ada"))
        assert brief(await take(feed)) == ["a2", "e2", "r1", "a3"]
        assert world.record.reads == reads


async def test_what_is_recorded_while_the_feed_begins_is_not_lost(world: World) -> None:
    world.record.meanwhile = lambda: world.publish(world.commit("ada"))
    async with world.feed() as feed:
        world.record.meanwhile = lambda: None
        assert brief(await take(feed)) == ["a1"]


async def test_a_gap_is_filled_from_the_record_and_repeats_are_dropped(world: World) -> None:
    async with world.feed() as feed:
        lost = world.commit("ada", events=1, windows=1) + world.commit("ada")
        last = world.commit("ada", events=1, windows=1)
        world.publish(last)
        found = brief(await take(feed))
        assert sorted(found) == ["a1", "a2", "a3", "e2", "e3", "r1", "r2"]
        assert [said for said in found if said[0] == "a"] == ["a1", "a2", "a3"]
        world.publish(lost)
        world.publish(last)
        assert await take(feed) == []


async def test_a_lost_last_publish_is_found_by_looking(world: World) -> None:
    async with world.feed() as feed:
        waiting = asyncio.create_task(next_of(feed))
        world.commit("ada")
        await settle()
        assert not waiting.done()
        assert caught_up(feed)
        await feed.reconcile()
        assert await waiting == world.updates["ada"][0]


async def test_somebody_new_is_seen_from_their_first_update_on(world: World) -> None:
    async with world.feed() as feed:
        world.join("bob")
        world.commit("bob")
        world.publish(world.commit("bob"))
        assert [said for said in brief(await take(feed)) if said[0] == "b"] == ["b1", "b2"]


async def test_a_token_goes_on_after_the_item_it_came_with(world: World) -> None:
    world.join("bob")
    for _ in range(3):
        world.commit("ada", "bob", events=1, windows=1)
    async with world.feed(start=FromOffset(0)) as feed:
        whole = brief(await take(feed))
    for count in range(len(whole) + 1):
        async with world.feed(start=FromOffset(0)) as feed:
            head = [await next_of(feed) for _ in range(count)]
            token = feed.token()
        async with world.feed(start=FromToken(token)) as feed:
            rest = await take(feed)
        assert sorted(brief([item for item in head if item] + rest)) == sorted(whole)


async def test_an_offset_starts_with_what_came_then(world: World) -> None:
    for _ in range(10):
        world.commit("ada", windows=1)
    async with world.feed(start=FromOffset(1_000_000)) as feed:
        assert brief(await take(feed))[:2] == ["a5", "a6"]
    async with world.feed(Filter(updates=False), FromOffset(3_500_000)) as feed:
        assert brief(await take(feed)) == ["r4", "r5", "r6", "r7", "r8", "r9", "r10"]


async def test_only_what_is_wanted_comes_and_the_token_passes_over_the_rest(world: World) -> None:
    world.join("bob")
    async with world.feed(Filter(frozenset({"bob"}), rollups=False)) as feed:
        world.publish(world.commit("ada", "bob", events=1, windows=2))
        world.publish([window(7, final=False)])
        assert brief(await take(feed)) == ["b1"]
        token = feed.token()
    async with world.feed(Filter(frozenset({"bob"})), FromToken(token)) as feed:
        assert brief(await take(feed)) == []


async def test_windows_that_may_change_pass_until_they_are_final(world: World) -> None:
    async with world.feed() as feed:
        world.publish([window(0, final=False, revision=1), window(0, final=False, revision=2)])
        world.publish(world.commit(windows=1))
        world.publish([window(0, final=False, revision=3), window(1, final=False)])
        assert brief(await take(feed)) == ["r1~", "r1~", "r1", "r2~"]
    async with world.feed(Filter(final_rollups_only=True)) as feed:
        world.publish([window(1, final=False)])
        world.publish(world.commit(windows=1))
        assert brief(await take(feed)) == ["r2"]


@pytest.mark.parametrize("events", [True, False])
async def test_the_end_comes_last_and_then_nothing(world: World, events: bool) -> None:
    async with world.feed(Filter(events=events)) as feed:
        world.commit("ada", windows=1)
        world.publish(world.end())
        found = brief(await take(feed))
        assert found[-1] == ("e2" if events else "r1")
        assert {"a1", "r1"} <= set(found)
        assert await next_of(feed) is None
    async with world.feed() as feed:
        assert await next_of(feed) is None


async def test_the_end_is_found_by_looking_when_its_publish_was_lost(world: World) -> None:
    async with world.feed(Filter(events=False)) as feed:
        waiting = asyncio.create_task(next_of(feed))
        await settle()
        world.end()
        await feed.reconcile()
        assert await waiting is None


async def test_history_longer_than_a_page_comes_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "PAGE", 7)
    world.join("bob")
    for _ in range(40):
        world.commit("ada", "bob", events=1, windows=1)
    world.end()
    async with world.feed(start=FromOffset(0)) as feed:
        check_whole(world, await take(feed))


async def test_reading_history_is_never_too_slow(world: World) -> None:
    for _ in range(30):
        world.commit("ada")
    async with world.feed(start=FromOffset(0), capacity=4) as feed:
        found = [await next_of(feed)]
        for _ in range(20):
            world.publish(world.commit("ada"))
        found += await take(feed)
    assert brief([item for item in found if item and isinstance(item, Update)]) == [f"a{i}" for i in range(1, 51)]


async def test_what_a_full_buffer_lost_while_history_was_read_is_read_too(world: World) -> None:
    world.publish(world.join("bob"))
    world.commit("ada")
    async with world.feed(Filter(events=False), FromOffset(0), capacity=4) as feed:
        world.publish(world.commit("bob"))
        for _ in range(4):
            world.publish(world.commit("ada"))
        assert sorted(brief(await take(feed))) == ["a1", "a2", "a3", "a4", "a5", "b1"]


async def test_a_slow_reader_is_disconnected_with_a_token_that_loses_nothing(world: World) -> None:
    async with world.feed(capacity=4) as feed:
        assert await take(feed) == []
        for _ in range(6):
            world.publish(world.commit("ada"))
        with pytest.raises(RoompulseError) as error:
            await next_of(feed)
        assert error.value.reason == Reason.SUBSCRIBER_TOO_SLOW
        token = feed.token()
    async with world.feed(start=FromToken(token)) as feed:
        assert brief(await take(feed)) == [f"a{i}" for i in range(1, 7)]


async def test_a_slow_reader_that_asked_for_it_gets_the_newest(world: World) -> None:
    world.publish(world.join("bob"))
    async with world.feed(policy=SlowPolicy.CONFLATE, capacity=4) as feed:
        assert await take(feed) == []
        world.publish(world.commit("bob", events=1))
        lost = world.commit("ada")
        for _ in range(8):
            world.publish(world.commit("ada"))
        found = brief(await take(feed))
        assert [said for said in found if said[0] != "a"] == ["b1", "e3"]
        assert found[-1] == "a9"
        assert len(found) <= 6
        world.publish(lost)
        assert await take(feed) == []


async def test_a_token_ahead_of_the_record_is_refused(world: World) -> None:
    for position in (ResumeToken({1: 1}), ResumeToken(event=9), ResumeToken(rollup=1)):
        with pytest.raises(RoompulseError) as error:
            async with world.feed(start=FromToken(TokenIssuer(world.key, ()).encode(position))):
                pass
        assert error.value.reason == Reason.RESUME_TOKEN_INVALID
        assert "ahead" in error.value.message
    assert world.hub.statistics().listeners == 0


@pytest.mark.parametrize(("gone", "oldest"), [(3, "4"), (5, "6")])
async def test_what_the_record_no_longer_has_is_said(world: World, gone: int, oldest: str) -> None:
    for _ in range(5):
        world.commit("ada")
    assert isinstance(world.store, SqliteStore)
    assert world.store._writer is not None
    with world.store._writer.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM blocks WHERE first_sequence <= {gone}")
    beginning = TokenIssuer(world.key, []).encode(ResumeToken({}, event=1))
    async with world.feed(start=FromToken(beginning)) as feed:
        with pytest.raises(RoompulseError) as error:
            await next_of(feed)
    assert error.value.reason == Reason.POSITION_EXPIRED
    assert error.value.values == {"oldest": oldest}


async def test_somebody_erased_holds_nobody_up(world: World) -> None:
    world.publish(world.join("bob"))
    assert isinstance(world.store, SqliteStore)
    assert world.store._writer is not None
    async with world.feed(Filter(events=False)) as feed:
        gone = world.commit("ada") + world.commit("ada")
        with world.store._writer.begin() as connection:
            connection.exec_driver_sql("DELETE FROM participants WHERE id = 'ada'")
        world.publish(gone[1:])
        world.publish(world.commit("bob"))
        assert brief(await take(feed)) == ["b1"]


async def test_somebody_new_of_an_erased_ones_id_is_followed_from_their_first_update(world: World) -> None:
    world.join("bob")
    async with world.feed() as feed:
        world.publish(world.commit("ada"))
        world.publish(world.commit("ada", "bob"))
        assert brief(await take(feed)) == ["a1", "a2", "b1"]
        world.erase("ada")
        world.store.set_consent(world.key, "ada", Consent(ConsentState.GRANTED), offset_us=0)
        world.updates["ada"] = []
        world.join("ada")
        world.publish(world.commit("ada"))
        world.publish(world.commit("bob"))
        found = await take(feed)
    assert [said for said in brief(found) if said[0] in "ab"] == ["a1", "b2"]
    kinds = [item.kind.name for item in found if isinstance(item, Event)]
    assert kinds == ["ERASED", "CONSENT_CHANGED", "STREAM_OPENED"]


async def test_what_was_read_before_an_erasure_is_not_delivered_after_it(world: World) -> None:
    world.join("bob")
    for _ in range(3):
        world.commit("ada", "bob", windows=1)
    async with world.feed(start=FromOffset(0)) as feed:
        first = await next_of(feed)
        assert first is not None
        world.erase("ada", hold_us=10 * SECOND)
        rest = await take(feed)
    assert not [said for said in brief(rest) if said[0] == "a"]
    assert sorted(said for said in brief([first, *rest]) if said[0] in "br") == ["b1", "b2", "b3", "r1", "r2", "r3"]
    assert "ada" not in [item.participant for item in rest if not isinstance(item, Rollup)]


async def test_closing_wakes_the_reader(world: World) -> None:
    async with world.feed() as feed:
        waiting = asyncio.create_task(next_of(feed))
        await settle()
        feed.close()
        with pytest.raises(RoompulseError) as error:
            await waiting
    assert error.value.reason == Reason.DRAINING
