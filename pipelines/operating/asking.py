"""Ask sources over the network: all of a run at once, one publisher at a time.

Waiting for a dead network costs its longest wait once, not once a source; a publisher that several
sources come from still gets one request at a time.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import dagster as dg

from pipelines.cadence import Ask
from pipelines.making import NetworkUse
from pipelines.snapshots import SnapshotStore
from pipelines.sources.folders import OfficialList, SourceFolder, list_folders, official_lists
from pipelines.sources.http import Fetcher
from pipelines.sources.list_editions import refresh_list
from pipelines.sources.refresh import Refreshed


@dataclass(frozen=True)
class NotAsked(Refreshed):
    """Nobody was asked, and why."""

    is_complete: bool = True


# what `pipelines.sources.http` says of a host that gives no connection, or no answer in time
SILENCE = ("no connection to", "did not connect within", "did not answer within", "was not done")
# of what a source said, or what was said of it; `asked.jsonl` beside its snapshots has it whole
_SHOWN = 220
Refresh = Callable[[SnapshotStore], Refreshed]


@dataclass(frozen=True)
class _Asker:
    publisher: str
    refresh: Refresh


_ASKERS: dict[str, _Asker] = {}
# one run at a time in a process
_asked: tuple[str, dict[str, Future[Refreshed]]] = ("", {})


def register(source: str, refresh: Refresh, *, publisher: str) -> None:
    """Let `ask` know how a source is refreshed.

    Args:
        source: its name; the asset `raw/<source>` asks it.
        refresh: fetches what is new into the store.
        publisher: sources of one publisher are asked one after the other.
    """
    _ASKERS[source] = _Asker(publisher, refresh)


def asker_of(source: SourceFolder) -> Refresh | None:
    """How a feed is asked for what is new; None where people fetch by hand."""
    fetch = source.refresh
    if fetch is None:
        return None

    def refresh(store: SnapshotStore) -> Refreshed:
        key = source.key_value()
        if source.is_key_needed and key is None:
            return NotAsked(f"not asked: {source.key} is not set")
        return fetch(store, Fetcher(), key)

    return refresh


def _list_asker(official: OfficialList) -> Refresh:
    return lambda store: refresh_list(store, official, Fetcher())


def register_folders() -> None:
    """Let `ask` know every feed and every official list that has a folder."""
    for feed in list_folders():
        if (asker := asker_of(feed)) is not None:
            register(feed.name, asker, publisher=feed.publisher)
    for official in official_lists():
        register(official.source, _list_asker(official), publisher=official.publisher)


def ask(source: str, store: SnapshotStore, network: NetworkUse) -> Refreshed:
    """What came of asking a source; the first call of a run asks every source of the run.

    The asking is recorded with the snapshots, unless nobody was asked.
    """
    global _asked
    if source not in _ASKERS:
        return NotAsked("people fetch this source by hand")
    if not network.is_online():
        return NotAsked("not asked: the run is offline", is_complete=False)
    if network.as_of():
        return NotAsked("not asked: the run is of a past day")
    context = dg.AssetExecutionContext.get()
    run, futures = _asked
    if run != context.run.run_id or source not in futures:
        steps = {node.name for node in context.job_def.nodes}
        wanted = {name for name in _ASKERS if f"raw__{name}" in steps} | {source}
        _asked = (context.run.run_id, _ask_all(sorted(wanted), store))
    return _asked[1][source].result()


def asked_in(run_id: str) -> dict[str, Refreshed]:
    """Sources that were really asked in a run of this process, and what came of it."""
    run, futures = _asked
    if run != run_id:
        return {}
    done = {
        name: future.result()
        for name, future in futures.items()
        if future.done() and not future.exception()
    }
    return {name: one for name, one in done.items() if not isinstance(one, NotAsked)}


@dataclass(frozen=True)
class Answers:
    """Who answered in a run.

    Attributes:
        asked: sources asked, and what came of it.
        silent: those without a whole answer.
        lost: those of them that answered the time before.
        counted: how many answered, in words.
    """

    asked: dict[str, Refreshed]
    silent: list[str]
    lost: list[str]
    counted: str

    @property
    def is_outage(self) -> bool:
        """Nobody answered, or somebody who answered the time before did not."""
        return bool(self.asked) and (len(self.silent) == len(self.asked) or bool(self.lost))

    @property
    def told(self) -> str:
        """How many answered, then a line for each that did not."""
        lines = [self.counted]
        for name in self.silent:
            words = self.asked[name].outcome.removeprefix(f"{name}: ")
            lines.append(f"{name}: {words[:_SHOWN]}" + ("…" if len(words) > _SHOWN else ""))
        return "\n".join(lines)


def answers_of(run_id: str, store: SnapshotStore) -> Answers:
    """Who answered in a run of this process, held against the last time each was asked."""
    asked = asked_in(run_id)
    silent = sorted(name for name, one in asked.items() if not one.is_complete)
    # the last asking is this run's
    before = {name: [one.is_answered for one in store.asks(name)][-2:-1] for name in silent}
    counted = f"{len(asked) - len(silent)} of {len(asked)} sources asked have answered"
    return Answers(
        asked,
        silent,
        [name for name in silent if before[name] == [True]],
        counted
        if asked
        else "this run asked no source; published/sources_status has when each last answered",
    )


def _ask_all(sources: list[str], store: SnapshotStore) -> dict[str, Future[Refreshed]]:
    futures: dict[str, Future[Refreshed]] = {name: Future() for name in sources}
    lanes: dict[str, list[str]] = defaultdict(list)
    for name in sources:
        lanes[_ASKERS[name].publisher].append(name)

    def one_after_the_other(names: list[str]) -> None:
        unreached = ""
        for name in names:
            try:
                if unreached:
                    told = f"not asked: {unreached} of the same publisher gave no answer"
                    done = Refreshed(told, is_complete=False)
                else:
                    done = _ASKERS[name].refresh(store)
                is_silent = any(words in done.outcome for words in SILENCE)
                if not done.is_complete and not unreached and is_silent:
                    unreached = name
                if not isinstance(done, NotAsked):
                    # of a past day, or without a network, nobody is asked and nothing recorded
                    at = dt.datetime.now(dt.UTC)
                    store.note_ask(name, Ask(at, done.is_complete, done.outcome))
            except BaseException as error:
                # the step that waits for it raises it
                futures[name].set_exception(error)
            else:
                futures[name].set_result(done)

    for publisher, names in lanes.items():
        # a run that is stopped does not wait for an answer
        threading.Thread(
            target=one_after_the_other, args=(names,), name=f"ask-{publisher}", daemon=True
        ).start()
    return futures
