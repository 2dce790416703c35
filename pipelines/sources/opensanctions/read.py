"""FollowTheMoney entities as JSON lines, the form OpenSanctions publishes its data sets in.

The data are CC BY-NC 4.0: they may be read and staged, never packaged. Lines are read in blocks and
taken apart inside DuckDB; a line that is no entity is refused alone and the others go on.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import io
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import duckdb
import polars as pl

from pipelines.quarantine import SourceDrift, Split, empty_quarantine
from pipelines.schemas.listings import (
    PARTY_SCHEMATA,
    ListedAddresses,
    ListedAliases,
    ListedParties,
)
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.sources.http import Answer, BodyCutOff, Fetcher, Limits, SourceUnavailable
from pipelines.sources.listings import (
    Edition,
    Listing,
    addresses_of,
    aliases_of,
    checked,
    further_names,
    nfc,
    parties_of,
    refuse,
    resolve_links,
    stop_if_mostly_refused,
    tonnes,
)

LICENCE = "nc"
SOURCE = "opensanctions"
HOST = "data.opensanctions.org"
# data sets of use here, at `datasets/latest/<name>/entities.ftm.json`
# the lists its source.toml names
DATASETS = tuple(
    name.removeprefix(f"{SOURCE}_")
    for name in tomllib.loads(Path(__file__).with_name("source.toml").read_text(encoding="utf-8"))[
        "lists"
    ]
)
LIMITS = Limits(
    hosts=frozenset({HOST}),
    content_types=(
        "application/json",
        "application/json+ftm",
        "application/x-ndjson",
        "application/octet-stream",
        "text/plain",
    ),
    max_bytes=512 * 1024 * 1024,
    total_s=900.0,
    needs_length=True,
)

_FILE = "entities.ftm.json"
MAX_BYTES = 2 * 1024**3
MAX_LINE_BYTES = 4 * 1024 * 1024
BLOCK_BYTES = 16 * 1024 * 1024
_DPRK_PROGRAM = r"(?i)DPRK|\bPRK\b|\b1718\b|North Korea"

# column of ours <- property; all values are lists of strings
_PROPERTIES = {
    "names": "name",
    "aliases": "alias",
    "weak": "weakAlias",
    "previous": "previousName",
    "countries": "country",
    "jurisdictions": "jurisdiction",
    "nationalities": "nationality",
    "flags": "flag",
    "imos": "imoNumber",
    "mmsis": "mmsi",
    "call_signs": "callSign",
    "types": "type",
    "deadweights": "deadweightTonnage",
    "gross": "grossRegisteredTonnage",
    "owners": "owner",
    "bics": "swiftBic",
    "topics": "topics",
    "positions": "position",
    "notes": "notes",
    "entities": "entity",
    "programs": "program",
    "program_ids": "programId",
    "listed": "listingDate",
    "started": "startDate",
    "ended": "endDate",
    "roles": "role",
    "full": "full",
    "cities": "city",
    "address_entities": "addressEntity",
}


def fetch(
    fetcher: Fetcher,
    dataset: str,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
) -> Answer:
    """One data set as it stands, held against the checksum its index prints.

    Raises:
        SourceUnavailable: the service did not give it, or not the bytes its index speaks of.
        ValueError: not one of DATASETS.
    """
    if dataset not in DATASETS:
        raise ValueError(f"{dataset!r} is none of {', '.join(DATASETS)}")
    home = f"https://{HOST}/datasets/latest/{dataset}"
    answer = fetcher.get(
        f"{home}/{_FILE}", LIMITS, source=SOURCE, etag=etag, last_modified=last_modified
    )
    if answer.is_not_modified or answer.is_cut:
        return answer
    try:
        index = fetcher.get(f"{home}/index.json", LIMITS, source=SOURCE)
        checksum = _checksum_in(index.content)
    except SourceUnavailable as error:
        return replace(answer, note=f"its checksum could not be compared: {error}")
    if checksum is None:
        return replace(answer, note="its index prints no checksum to compare")
    if hashlib.sha1(answer.content, usedforsecurity=False).hexdigest() != checksum:
        raise BodyCutOff(
            f"{SOURCE}: {answer.url} does not have the checksum its index prints; nothing was "
            "stored, try again later"
        )
    return answer


def _checksum_in(index: bytes) -> str | None:
    """SHA-1 of the entities file, as the index of a data set prints it."""
    try:
        resources = json.loads(index).get("resources", [])
        found = [one.get("checksum") for one in resources if one.get("name") == _FILE]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    return str(found[0]).lower() if found and found[0] else None


@functools.cache
def _edges() -> dict[str, tuple[str, str]]:
    """Edge schemata and their source and target properties, from the FollowTheMoney model."""
    from followthemoney import model

    return {
        schema.name: (schema.source_prop.name, schema.target_prop.name)
        for schema in model.schemata.values()
        if schema.edge and schema.source_prop and schema.target_prop
    }


@functools.cache
def _schemata() -> frozenset[str]:
    from followthemoney import model

    return frozenset(model.schemata)


def parse(
    content: bytes | Path, *, retrieved_at: dt.datetime, dataset: str, file: str | None = None
) -> Listing:
    """Entities of one file; rows of the list's own split are every kept line.

    Args:
        content: bytes, or a file that is read as a stream.
        retrieved_at: aware (or naive UTC) instant of the retrieval.
        dataset: short name of the data set; the list is called `opensanctions_<dataset>`.
        file: name to show, default `<dataset>.ftm.json`.

    Raises:
        SourceDrift: larger than MAX_BYTES, empty, or most lines are no entities.
    """
    source = f"{SOURCE}_{dataset}"
    shown = file or f"{dataset}.ftm.json"
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if size > MAX_BYTES:
        raise SourceDrift(f"{source}: {shown} has {size} bytes, more than {MAX_BYTES}")
    stream: BinaryIO = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    pieces: list[pl.DataFrame] = []
    edges: list[pl.DataFrame] = []
    refusals = [empty_quarantine()]
    rows_in = 0
    digest = hashlib.sha256()
    with stream, duckdb.connect() as connection:
        connection.execute("set threads = 2")
        for block in _blocks(stream, digest):
            rows_in += block.height
            taken, links, refused = _take_apart(connection, block, source=source, file=shown)
            pieces.append(taken)
            edges.append(links)
            refusals.append(refused)
    if rows_in == 0:
        raise SourceDrift(f"{source}: {shown} is empty; download it again")
    taken = pl.concat(pieces)
    links = pl.concat(edges)
    edition = Edition.of(source, [digest.digest()], retrieved_at=retrieved_at, file=shown)
    return _listing_of(taken, links, pl.concat(refusals), rows_in, edition)


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")


def _blocks(stream: BinaryIO, digest: hashlib._Hash) -> Iterator[pl.DataFrame]:
    """Whole lines with their numbers; text is null where a line is over the cap or not UTF-8."""
    rest = b""
    number = 0
    skipping = False
    while True:
        block = stream.read(BLOCK_BYTES)
        digest.update(block)
        lines = (rest + block).split(b"\n")
        rest = lines.pop() if block else b""
        if skipping and lines:
            lines[0] = b"\x00" * (MAX_LINE_BYTES + 1)
            skipping = False
        if len(rest) > MAX_LINE_BYTES:
            # what follows belongs to a line already too long: forget it, remember that it was
            rest, skipping = b"", True
        if skipping and not block:
            lines = [b"\x00" * (MAX_LINE_BYTES + 1)]
            skipping = False
        if lines:
            frame = pl.DataFrame(
                {
                    "line": pl.int_range(number + 1, number + len(lines) + 1, eager=True),
                    "text": [_text(one) for one in lines],
                    "too_long": [len(one) > MAX_LINE_BYTES for one in lines],
                },
                schema={"line": pl.Int64, "text": pl.String, "too_long": pl.Boolean},
            )
            number += len(lines)
            blank = pl.col("text").is_in(["", "\r"])
            yield frame.filter(~blank.fill_null(value=False))
        if not block:
            return


def _text(line: bytes) -> str | None:
    if len(line) > MAX_LINE_BYTES:
        return None
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _take_apart(
    connection: duckdb.DuckDBPyConnection, block: pl.DataFrame, *, source: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Entities of a block, links of its edges, and the lines that are neither."""
    connection.register("block", block)
    try:
        taken = connection.sql(_sql("heads")).pl()
    finally:
        connection.unregister("block")
    refusals = []
    for broken, column, rule, reason in (
        (
            pl.col("too_long"),
            "(row)",
            "line_too_long",
            f"the line is longer than {MAX_LINE_BYTES} bytes; no entity is",
        ),
        (
            ~pl.col("is_json"),
            "(row)",
            "not_json",
            "the line is not JSON in UTF-8; the download was cut off or the file is another",
        ),
        *(
            (
                ~pl.col(f"has_{name}").fill_null(value=False),
                column,
                "not_an_entity",
                f'the line has no {what} "{name}"; expected id, schema, properties',
            )
            for name, column, what in (
                ("id", "list_id", "text"),
                ("schema", "schema", "text"),
                ("properties", "list_id", "object"),
            )
        ),
        (
            ~pl.col("schema").is_in(sorted(_schemata())),
            "schema",
            "unknown_schema",
            "no schema of the FollowTheMoney model in use; raise its version if the schema is new",
        ),
        (
            (pl.col("list_id").str.len_chars() == 0) | (pl.col("list_id").str.len_chars() > 200),
            "list_id",
            "str_length",
            "an id has 1 to 200 characters",
        ),
    ):
        taken, refused = refuse(
            taken, broken, source=source, file=file, column=column, rule=rule, reason=reason
        )
        refusals.append(refused)
    connection.register("heads", taken.select("line", "text"))
    try:
        properties = connection.sql(_sql("properties")).pl()
    finally:
        connection.unregister("heads")
    wide = taken.select("line", "list_id", "schema", "caption").join(
        _wide(properties), on="line", how="left", maintain_order="left"
    )
    return wide, _edge_links(wide, properties), pl.concat(refusals)


def _wide(properties: pl.DataFrame) -> pl.DataFrame:
    """One row per line, one column of texts per property used here."""
    used = {name: column for column, name in _PROPERTIES.items()}
    found = properties.filter(pl.col("name").is_in(list(used))).with_columns(
        pl.col("name").replace(used)
    )
    wide = found.pivot(on="name", index="line", values="texts", aggregate_function="first")
    empty = pl.lit(None, dtype=pl.List(pl.String))
    return wide.select(
        pl.col("line").cast(pl.Int64),
        *(
            pl.col(column) if column in wide.columns else empty.alias(column)
            for column in _PROPERTIES
        ),
    )


_LINK_CELLS = {
    "line": pl.Int64,
    "source_list_id": pl.String,
    "target_list_id": pl.String,
    "relation": pl.String,
    "is_former": pl.Boolean,
    "remark_excerpt": pl.String,
}


def _edge_links(taken: pl.DataFrame, properties: pl.DataFrame) -> pl.DataFrame:
    """Each pair of ends of each edge entity, and each owner a ship or an asset names."""
    kinds = pl.DataFrame(
        [(schema, start, end, _snake(schema)) for schema, (start, end) in _edges().items()],
        schema=["schema", "start", "end", "relation"],
        orient="row",
    )
    edges = taken.select("line", "schema", "roles", "ended").join(kinds, on="schema")
    texts = properties.unique(["line", "name"], keep="first", maintain_order=True)
    pairs = (
        edges.join(texts, left_on=["line", "start"], right_on=["line", "name"])
        .rename({"texts": "source_list_id"})
        .join(texts, left_on=["line", "end"], right_on=["line", "name"])
        .rename({"texts": "target_list_id"})
        .select(
            "line",
            "source_list_id",
            "target_list_id",
            "relation",
            is_former=pl.col("ended").list.len().fill_null(0) > 0,
            remark_excerpt=pl.col("roles").list.join("; "),
        )
    )
    owned = (
        taken.join(kinds, on="schema", how="anti")
        .filter(pl.col("owners").list.len() > 0)
        .select(
            "line",
            source_list_id="owners",
            target_list_id=pl.concat_list("list_id"),
            relation=pl.lit("ownership"),
            is_former=pl.lit(False),
            remark_excerpt=pl.lit("owner"),
        )
    )
    return (
        pl.concat([pairs, owned])
        .explode("source_list_id", empty_as_null=False, keep_nulls=False)
        .explode("target_list_id", empty_as_null=False, keep_nulls=False)
        .drop_nulls(["source_list_id", "target_list_id"])
        .select(pl.col(name).cast(kind) for name, kind in _LINK_CELLS.items())
        .sort("line", maintain_order=True)
    )


def _snake(name: str) -> str:
    return "".join(f"_{mark.lower()}" if mark.isupper() else mark for mark in name).strip("_")


def _first(column: str) -> pl.Expr:
    return nfc(pl.col(column).list.get(0, null_on_oob=True))


def _joined(*columns: str) -> pl.Expr:
    return nfc(
        pl.concat_list([pl.col(name).fill_null([]) for name in columns])
        .list.unique(maintain_order=True)
        .list.join("; ")
    )


# columns of names, and what kind theirs are
_NAMED = {"names": "aka", "aliases": "aka", "weak": "weak", "previous": "fka"}


def _listing_of(
    taken: pl.DataFrame,
    links: pl.DataFrame,
    refused: pl.DataFrame,
    rows_in: int,
    edition: Edition,
) -> Listing:
    source, file = edition.list_source, edition.file
    measures = _measures(taken)
    people = taken.filter(pl.col("schema").is_in(list(PARTY_SCHEMATA)))
    typed = _typed(people.join(measures, on="list_id", how="left", maintain_order="left"))
    kept, nameless = refuse(
        typed,
        pl.col("name").is_null(),
        source=source,
        file=file,
        column="name_original",
        rule="not_nullable",
        reason="a party without a name",
    )
    parties = checked(
        parties_of(kept, edition),
        ListedParties,
        source=source,
        file=file,
        refused=nameless,
        rows_refused=nameless.height,
    )
    refused = pl.concat([refused, parties.quarantined]).select(list(QUARANTINE_SCHEMA))
    entities = taken.join(parties.quarantined.select("line").unique(), on="line", how="anti")
    whole = Split(
        entities.sort("line").select(
            "line",
            "list_id",
            "schema",
            "caption",
            is_edge=pl.col("schema").is_in(list(_edges())),
        ),
        refused.sort("line", "column", "rule"),
        rows_in,
    )
    stop_if_mostly_refused(whole, source=source, file=file)

    ids = parties.kept.select("line")
    named = people.join(ids, on="line", how="semi", maintain_order="left")
    names = further_names(named, _NAMED)
    primary = parties.kept.select("line", pl.col("name").alias("alias"))
    aliases = checked(
        aliases_of(names, edition).join(primary, on=["line", "alias"], how="anti"),
        ListedAliases,
        source=f"{source}_alias",
        file=file,
    )
    addresses = checked(
        addresses_of(_addresses(taken, named), edition),
        ListedAddresses,
        source=f"{source}_address",
        file=file,
    )
    known = parties.kept.select(pl.col("list_id").alias("target_list_id"), target_name="name")
    # an end that is in no line of this file keeps its identifier as its only name
    pairs = links.join(known, on="target_list_id", how="left", maintain_order="left").with_columns(
        target_name=pl.coalesce("target_name", "target_list_id"),
        target_list_id=pl.when(pl.col("target_name").is_not_null()).then("target_list_id"),
    )
    resolved = resolve_links(pairs, parties.kept, aliases.kept, edition)
    return Listing(
        edition,
        parties.kept,
        aliases.kept,
        addresses.kept,
        resolved,
        {source: whole, f"{source}_alias": aliases, f"{source}_address": addresses},
    )


def _measures(taken: pl.DataFrame) -> pl.DataFrame:
    """Programs and dates of the Sanction entities, per party they are about."""
    return (
        taken.filter(pl.col("schema") == "Sanction")
        .with_columns(
            list_id=pl.col("entities"),
            listed_on=pl.coalesce(
                _first("listed").str.slice(0, 10).str.to_date(strict=False),
                _first("started").str.slice(0, 10).str.to_date(strict=False),
            ),
            measure=_joined("program_ids", "programs"),
            is_over=pl.col("ended").list.len().fill_null(0) > 0,
        )
        .explode("list_id", empty_as_null=False, keep_nulls=False)
        .group_by("list_id", maintain_order=True)
        .agg(
            pl.col("measure").drop_nulls().unique(maintain_order=True).str.join("; "),
            pl.col("listed_on").min(),
            pl.col("is_over").all().alias("is_delisted"),
        )
    )


def _typed(people: pl.DataFrame) -> pl.DataFrame:
    is_vessel = pl.col("schema") == "Vessel"
    number = _first("imos").str.extract(r"(\d{7})")
    countries = _joined("countries", "jurisdictions", "nationalities", "flags")
    program = nfc(
        pl.concat_str(
            _joined("program_ids", "programs"), "measure", separator="; ", ignore_nulls=True
        )
    )
    typed = people.with_columns(
        name_original=pl.coalesce(pl.col("caption"), pl.col("names").list.get(0, null_on_oob=True)),
        country=countries,
        program=program,
        position=_joined("positions"),
        imo_number=number,
        mmsi=_first("mmsis").str.extract(r"^(\d{9})$"),
        call_sign=_first("call_signs"),
        vessel_type=pl.when(is_vessel).then(_first("types")),
        flag=_first("flags"),
        deadweight_t=tonnes(_first("deadweights")),
        gross_tonnage=tonnes(_first("gross")),
        swift_bic=_first("bics"),
        remarks=_joined("notes"),
        is_bank_by_topic=pl.col("topics").list.contains("fin.bank").fill_null(value=False),
    ).with_columns(name=nfc("name_original"))
    by_program = pl.col("program").str.contains(_DPRK_PROGRAM).fill_null(value=False)
    by_country = (
        pl.col("country").str.to_lowercase().str.split("; ").list.contains("kp")
    ).fill_null(value=False)
    return typed.with_columns(
        is_dprk=by_program | by_country,
        dprk_reason=pl.when(by_program)
        .then(pl.lit("program"))
        .when(by_country)
        .then(pl.lit("country")),
    )


def _addresses(taken: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    places = taken.filter(pl.col("schema") == "Address").select(
        pl.col("list_id").alias("address_entities"),
        address=_first("full"),
        city=_first("cities"),
        country=_first("countries"),
    )
    return (
        named.select("line", "list_id", "address_entities")
        .explode("address_entities", empty_as_null=False, keep_nulls=False)
        .join(places, on="address_entities", how="inner", maintain_order="left")
        .select("line", "list_id", "address", "city", "country")
    )


def listing(source: str, contents: dict[str, bytes], at: dt.datetime) -> Listing:
    """One edition of a data set; as `parse`."""
    return parse(contents[""], retrieved_at=at, dataset=_dataset(source))


def ask(
    source: str, fetcher: Fetcher, part: str, etag: str | None, last_modified: str | None
) -> Answer:
    """The newest edition of a data set; as `fetch`."""
    return fetch(fetcher, _dataset(source), etag=etag, last_modified=last_modified)


def part_of(head: bytes) -> str | None:
    """The data set's one file: a line is an entity."""
    try:
        line = json.loads(head.split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return None
    is_entity = isinstance(line, dict) and {"id", "schema", "properties"} <= set(line)
    return "" if is_entity else None


def list_named(file: str) -> str:
    """Which data set a dropped file is of, from its name.

    Raises:
        ValueError: the name does not say.
    """
    plain = file.lower().replace("-", "_")
    dataset = next((one for one in DATASETS if one in plain), None)
    if dataset is None:
        raise ValueError(
            f"{file}: these are FollowTheMoney entities, but the name does not say of which "
            f"data set; rename the file to one of "
            f"{', '.join(f'{one}.ftm.json' for one in DATASETS)}"
        )
    return f"{SOURCE}_{dataset}"


def check(source: str, part: str, content: bytes, file: str, at: dt.datetime) -> Split:
    """A dropped file by itself."""
    found = parse(content, retrieved_at=at, dataset=_dataset(source), file=file)
    return found.splits[source]


def _dataset(source: str) -> str:
    return source.removeprefix(f"{SOURCE}_")
