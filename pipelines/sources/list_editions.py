"""From snapshots to editions of the official lists: the newest readable one, and what changed.

A list whose newest snapshot no longer has its agreed form falls back to the edition before and
says so; the other lists go on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import duckdb
import polars as pl

from pipelines.making import Made
from pipelines.quarantine import SourceDrift, Split, empty_quarantine
from pipelines.schemas.listings import (
    ListedAddresses,
    ListedAliases,
    ListedLinks,
    ListedParties,
    ListingChanges,
)
from pipelines.schemas.table import Table
from pipelines.schemas.types import polars_schema
from pipelines.snapshots import DamagedSnapshot, Snapshot, SnapshotStore
from pipelines.sources.editions import is_undated, place_of, spoken_at
from pipelines.sources.folders import OfficialList, official_lists
from pipelines.sources.http import Answer, Fetcher, SourceUnavailable
from pipelines.sources.listings import (
    CHANGE_SCHEMA,
    Listing,
    changes_between,
    with_edition_on,
)
from pipelines.sources.notes import last_asking, note_source
from pipelines.sources.refresh import Refreshed, keep_new, newest_fetched

# editions looked back over when changes are worked out anew
MAX_EDITIONS = 24
# what the further files of a set hold
PARTS_HOLD = {
    "add": "addresses",
    "alt": "further names",
    "comments": "remarks' continuations, links among them",
}
SAME_DAY = dt.timedelta(days=1)


LISTS = official_lists()
TABLES: dict[str, type[Table]] = {
    "listed_parties": ListedParties,
    "listed_aliases": ListedAliases,
    "listed_addresses": ListedAddresses,
    "listed_links": ListedLinks,
    "listing_changes": ListingChanges,
}


@dataclass(frozen=True)
class StagedList:
    """The newest readable edition of a list.

    Attributes:
        listing: its rows; None when there is no snapshot, or none that can be read.
        retrieved_at: aware instant of its retrieval.
        drift: one message per newer edition that could not be read.
        changes: what each edition changed against the one before, newest first.
        missing: files of the edition that are not there, and what was therefore not used.
        is_undated: nothing says which day the edition is of.
        damage: one message per stored file that is no longer what was stored.
        spoken_at: aware instant up to which the edition is known to hold.
    """

    listing: Listing | None
    retrieved_at: dt.datetime | None = None
    drift: list[str] = field(default_factory=list)
    changes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CHANGE_SCHEMA))
    missing: list[str] = field(default_factory=list)
    is_undated: bool = False
    damage: list[str] = field(default_factory=list)
    spoken_at: dt.datetime | None = None


def editions_of(
    store: SnapshotStore, official: OfficialList, as_of: dt.datetime | None = None
) -> list[dict[str, Snapshot]]:
    """The editions at hand, oldest first by the day they speak of: {part: snapshot}.

    A new edition begins where the main file's bytes change; of the other files the retrieval
    nearest in time belongs to it. Of several forms of the list the one retrieved last is used,
    the best where they are of one day: editions of two forms differ in more than the list does.
    """
    retrievals = sorted(store.retrievals(official.source, as_of), key=place_of)
    chains = [(form, [one for one in retrievals if one.part == form[0]]) for form in official.forms]
    at_hand = [(form, main) for form, main in chains if main]
    if not at_hand:
        return []
    is_dated, last, _ = max(place_of(main[-1]) for _, main in at_hand)
    form, main = next(
        (form, main)
        for form, main in at_hand
        if place_of(main[-1])[0] == is_dated and last - place_of(main[-1])[1] <= SAME_DAY
    )
    changed = [
        one for place, one in enumerate(main) if place == 0 or one.sha256 != main[place - 1].sha256
    ]
    editions = []
    for one in changed:
        edition = {form[0]: one}
        for part in form[1:]:
            others = [other for other in retrievals if other.part == part]
            if others:
                edition[part] = min(others, key=lambda other: _apart(other, one))
        editions.append(edition)
    return editions


def _apart(one: Snapshot, other: Snapshot) -> dt.timedelta:
    """How far apart in time two files speak; as they came where the days they speak of agree."""
    speak = abs(place_of(one)[1] - place_of(other)[1])
    return speak or abs(one.retrieved - other.retrieved) / 10**6


def missing_from(official: OfficialList, edition: dict[str, Snapshot]) -> list[str]:
    """What an edition lacks, in words: files of its form that are not there or of another day."""
    form = next(form for form in official.forms if form[0] in edition)
    main = edition[form[0]]
    told = []
    for part in form[1:]:
        what = PARTS_HOLD.get(part, part)
        other = edition.get(part)
        if other is None:
            told.append(f"no file of {what} ({part}): none were used")
        elif abs(place_of(other)[1] - place_of(main)[1]) > SAME_DAY:
            told.append(
                f"{what} ({part}) are of {_day(other)}, the list is of {_day(main)}: names may not "
                "match"
            )
    return told


def _day(snapshot: Snapshot) -> str:
    return snapshot.as_of or snapshot.retrieved_at[:10]


def retrieved_at(edition: dict[str, Snapshot]) -> dt.datetime:
    """When the main file of an edition was retrieved (aware)."""
    return next(iter(edition.values())).retrieved


def read_edition(
    store: SnapshotStore, official: OfficialList, edition: dict[str, Snapshot]
) -> Listing:
    """One edition's rows.

    Raises:
        SourceDrift: a file no longer has its agreed form.
        DamagedSnapshot: a file was changed after it was stored.
    """
    contents = {part: store.read(one) for part, one in edition.items()}
    listing = official.read(contents, retrieved_at(edition))
    main = next(iter(edition.values()))
    if listing.edition.edition_on is None and main.as_of_on is not None:
        # the file prints no date; its name or the operator does
        return with_edition_on(listing, main.as_of_on)
    return listing


def stage_list(
    store: SnapshotStore,
    official: OfficialList,
    *,
    as_of: dt.datetime | None = None,
) -> StagedList:
    """The newest edition that can be read, and the changes since the editions before it.

    Args:
        store: where the snapshots are.
        official: the list.
        as_of: only retrievals up to then (aware).
    """
    editions = editions_of(store, official, as_of)[-MAX_EDITIONS:]
    drift: list[str] = []
    damage = store.unreadable(official.source)
    read: dict[int, Listing] = {}

    def listing_at(place: int) -> Listing | None:
        if place not in read:
            try:
                read[place] = read_edition(store, official, editions[place])
            except SourceDrift as error:
                drift.append(str(error))
                return None
            except DamagedSnapshot as error:
                damage.append(str(error))
                return None
        return read[place]

    newest: Listing | None = None
    at = len(editions)
    while newest is None and at > 0:
        at -= 1
        newest = listing_at(at)
    if newest is None:
        return StagedList(None, None, drift, damage=damage)
    problems = list(drift)
    later: Listing = newest
    pieces = []
    for place in range(at - 1, -1, -1):
        earlier = listing_at(place)
        if earlier is None:
            continue
        pieces.append(changes_between(earlier, later))
        later = earlier
    changes = pl.concat([pl.DataFrame(schema=CHANGE_SCHEMA), *pieces])
    main = next(iter(editions[at].values()))
    # the same bytes again, or a service that says nothing changed, hold the edition up to then
    again = [one for one in store.retrievals(official.source, as_of) if one.sha256 == main.sha256]
    return StagedList(
        newest,
        retrieved_at(editions[at]),
        problems,
        changes,
        missing_from(official, editions[at]),
        is_undated(main),
        damage,
        max(spoken_at(one) for one in again),
    )


def refresh_list(store: SnapshotStore, official: OfficialList, fetcher: Fetcher) -> Refreshed:
    """Fetch the best form of a list that can be had; an unchanged file is only noted."""
    problems: list[str] = []
    for form in official.forms:
        stored, failed, notes = _refresh_form(store, official, form, fetcher)
        problems += failed
        if not failed:
            told = f"{stored} new file(s)" if stored else "unchanged at the source"
            return Refreshed("; ".join([told, *notes, *problems]), is_complete=True, stored=stored)
    return Refreshed("; ".join(problems), is_complete=False, stored=0)


def _refresh_form(
    store: SnapshotStore, official: OfficialList, form: tuple[str, ...], fetcher: Fetcher
) -> tuple[int, list[str], list[str]]:
    """Fetch every file of a form, then keep them together: (new files, problems, notes)."""
    answers: list[tuple[str, Answer, Snapshot | None]] = []
    for part in form:
        known = newest_fetched(store, official.source, part)
        try:
            answer = official.fetch(
                fetcher, part, known.etag if known else None, known.last_modified if known else None
            )
        except SourceUnavailable as error:
            return 0, [str(error)], []
        answers.append((part, answer, known))
    publications = {answer.publication for _, answer, _ in answers if answer.publication}
    if len(publications) > 1:
        told = f"{official.source}: its files are of {len(publications)} publications, asked "
        return 0, [f"{told}while it changed; nothing was stored, run again"], []
    stored = 0
    for part, answer, known in answers:
        stored += keep_new(store, official.source, official.licence, answer, known, part)
    return stored, [], [answer.note for _, answer, _ in answers if answer.note]


def _status(
    official: OfficialList, staged: StagedList, outcome: str, now: dt.datetime
) -> tuple[str, bool]:
    if staged.retrieved_at is None or staged.spoken_at is None:
        words, is_stale = [f"no data; {official.to_get_it}"], False
    else:
        printed = staged.listing.edition.edition_on if staged.listing else None
        words = [f"snapshot of {staged.retrieved_at:%Y-%m-%d}"]
        if printed is not None:
            words = [f"edition of {printed}"]
        elif staged.is_undated:
            words = ["an undated file, dropped by hand: which day it is of is not known"]
        if staged.missing:
            words.append(f"MISSING: {'; '.join(staged.missing)}")
        is_stale = staged.is_undated or (now - staged.spoken_at).days > official.stale_days
    if outcome:
        words.append(outcome)
    if staged.drift:
        words.append(f"DRIFT: {staged.drift[0]}")
    if staged.damage:
        words.append(f"DAMAGED: {staged.damage[0]}")
    return "; ".join(words), is_stale or bool(staged.drift or staged.damage)


def stage_lists(
    connection: duckdb.DuckDBPyConnection, store: SnapshotStore, as_of: dt.datetime | None
) -> Made:
    """Stage the newest readable edition of every list; a list that drifted stops alone.

    Args:
        connection: the open work database; the notes are written, the tables are not.
        store: where the snapshots are.
        as_of: only retrievals up to then (aware).
    """
    found = {name: [_empty(contract)] for name, contract in TABLES.items()}
    warnings: list[str] = []
    for official in LISTS:
        staged = stage_list(store, official, as_of=as_of)
        warnings += [*staged.drift, *staged.damage]
        warnings += [f"{official.source}: {message}" for message in staged.missing]
        asks = store.asks(official.source, as_of)
        status, is_stale = _status(
            official, staged, last_asking(asks), as_of or dt.datetime.now(dt.UTC)
        )
        listing = staged.listing
        nothing = Split(_empty(ListedParties), empty_quarantine(), 0)
        for source, split in (listing.splits if listing else {official.source: nothing}).items():
            note_source(
                connection,
                source,
                split,
                licence=official.licence,
                status=status,
                is_embedded=False,
                is_stale=is_stale,
                as_of=listing.edition.edition_on if listing else None,
                retrieved_at=listing.edition.retrieved_at if listing else None,
                cadence=official.cadence,
                store=store,
                asked_as=official.source,
                now=as_of,
            )
        if listing is not None:
            for kind in ("parties", "aliases", "addresses", "links"):
                found[f"listed_{kind}"].append(getattr(listing, kind))
            found["listing_changes"].append(staged.changes)
    return Made(
        [
            (f"staged.{name}", contract.validate(pl.concat(found[name]), lazy=True))
            for name, contract in TABLES.items()
        ],
        warnings=warnings,
    )


def _empty(contract: type[Table]) -> pl.DataFrame:
    return pl.DataFrame(schema=polars_schema(contract))
