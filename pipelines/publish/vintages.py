"""The store of vintages: what every release said, kept for good, and why numbers moved.

One folder a release, `vintages/<sequence>-<release id>`, written beside and renamed, never changed
again. It holds the manifest, the intervals, the ledger and the moves; it outlives the release's
own files, of which only the newest are kept whole.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.making import SamplingPlan
from pipelines.publish.contract import CONTRACT_DIR, load_table
from pipelines.schemas.types import polars_schema
from pipelines.versions import code_version, hash_frame, pages_version
from pipelines.warehouse import content_hash, inputs_hash, read_frame, sql_of, tables_in

HEADLINE = "state_income_usd"
GROSS = "gross_income_usd"
BATCHES = 20
# two-sided 0.1% of Student's t with 19 degrees of freedom: some two hundred rows are tested
NOISE_SIGMAS = 4.0
# 0.3%: some eighteen series are tested by all their years together
JOINT_SIGMAS = 3.4
# differences below this part of a number are rounding
_ROUNDING = 1e-9
KEY = ["stream", "measure", "year"]
CAUSES = ("code", "evidence", "month", "sampling")
# when a row was fetched says nothing of what it states
_NOT_EVIDENCE = ("retrieved_at", "snapshot_sha256", "file")
# columns of the ledger that first releases kept, and hashed it by, under another name
_FIRST_CALLED = {"is_usable": "is_used"}
_NAMED_ROWS = 12
NEW_RATES = "new rates of exchange"
_PART, _DAMAGED = ".part-", ".damaged-"

# the headline with a figure less the headline without it; null where weights cannot tell
SHIFTS_SCHEMA: dict[str, Any] = {
    "stream": pl.String,
    "year": pl.Int64,
    "observation_id": pl.String,
    "shift_usd": pl.Float64,
}

# columns of the tables that releases tell of
SCHEMAS = {
    name: polars_schema(load_table(CONTRACT_DIR / f"{name}.py").model)
    for name in ("releases", "vintages", "changes", "change_rows")
}
# tables of a vintage that first releases did not keep, or with fewer columns
_KEPT_LATER: dict[str, Mapping[str, Any]] = {**SCHEMAS, "shifts": SHIFTS_SCHEMA}
# what a source was asked and when is published, but no number is made from it
_NO_INPUT = frozenset({"source_runs", "quarantine"})


@dataclass(frozen=True)
class MadeFrom:
    """What a release was made from, besides its tables.

    Attributes:
        code: `versions.code_version()`. pages: `versions.pages_version()`.
        model: hash of the code that makes incomes, and that alone; empty in releases older than it.
        settings: hash of what is kept by hand and models read, the ledger aside: priors, halts;
            likewise.
        rates: hash of what sources state and models read, the ledger aside: rates of exchange;
            likewise, and part of `settings` in releases older than it.
        evidence: hash of what the ledger states. inputs: hash of every staged table.
        seed, draws: of the joint draws.
        last_month: first day of the last month estimated, YYYY-MM-DD.
    """

    code: str = ""
    pages: str = ""
    evidence: str = ""
    inputs: str = ""
    seed: int = 0
    draws: int = 0
    last_month: str = ""
    model: str = ""
    settings: str = ""
    rates: str = ""


@dataclass(frozen=True)
class Entry:
    """One vintage of the store.

    Attributes:
        sequence: its number, from 1.
        release_id: hash of its content.
        name: the release's folder: its id, and the sequence where the same content came back.
        published_at: instant, naive UTC.
        made: what it was made from.
        told: one sentence a stream.
        folder: where it lies.
    """

    sequence: int
    release_id: str
    name: str
    published_at: dt.datetime
    made: MadeFrom
    told: Mapping[str, str]
    folder: Path

    def frame(self, name: str) -> pl.DataFrame:
        """A table as it was then; null or without rows where the release did not keep it yet.

        Args:
            name: `annual`, `monthly`, `batches`, `ledger`, `changes`, `change_rows` or `shifts`.
        """
        file = self.folder / f"{name}.parquet"
        empty = pl.DataFrame(schema=_KEPT_LATER.get(name))
        if name in ("change_rows", "shifts") and not file.is_file():
            return empty
        now_called = {first: now for now, first in _FIRST_CALLED.items()}
        kept = pl.read_parquet(file).rename(now_called, strict=False)
        return pl.concat([empty, kept], how="diagonal")


@dataclass(frozen=True)
class Estimates:
    """What the comparison of two releases needs of one of them.

    Attributes:
        annual: stream, measure, year, q05 … q95, mean, is_partial_year; of a state between two
            releases q50 and is_partial_year alone.
        batches: stream, measure, year, batch, q50 (of `sql/history/annual_batches.sql`).
    """

    annual: pl.DataFrame
    batches: pl.DataFrame


def made_now(
    connection: duckdb.DuckDBPyConnection,
    sampling: SamplingPlan,
    *,
    model: str,
    beside: Mapping[str, str],
) -> MadeFrom:
    """What a release of the work database as it stands would be made from.

    Args:
        connection: the open work database.
        sampling: of the joint draws.
        model: as `MadeFrom` has it. beside: so are its settings and rates.
    """
    staged = [name for name in tables_in(connection, "staged") if name not in _NO_INPUT]
    return MadeFrom(
        code=code_version(),
        pages=pages_version(),
        evidence=hash_frame(evidence_of(read_frame(connection, "facts.observations"))),
        inputs=inputs_hash(*(content_hash(connection, f"staged.{name}") for name in staged)),
        seed=sampling.seed,
        draws=sampling.draws,
        last_month=sampling.last_month().isoformat(),
        model=model,
        **beside,
    )


def estimates_now(connection: duckdb.DuckDBPyConnection) -> Estimates:
    """The yearly numbers of the work database, with their medians over stretches of draws."""
    return Estimates(
        read_frame(connection, "published.income_annual"),
        connection.sql(sql_of("history.annual_batches"), params={"batches": BATCHES}).pl(),
    )


def naive_utc(instant: str) -> dt.datetime:
    """An ISO instant in UTC as tables hold it."""
    return dt.datetime.fromisoformat(instant).replace(tzinfo=None)


class VintageStore:
    """The append-only folder of vintages."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self) -> list[Entry]:
        """Every vintage, oldest first; what a killed run left half-made is none."""
        found = []
        for file in self.root.glob("[0-9]*/entry.json"):
            try:
                note = json.loads(file.read_text(encoding="utf-8"))
                at, made = naive_utc(note.pop("published_at")), MadeFrom(**note.pop("made"))
                found.append(Entry(**note, published_at=at, made=made, folder=file.parent))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # damaged: the next start sets it aside and says so
        return sorted(found, key=lambda one: one.sequence)

    def add_from(self, release: Path) -> None:
        """Keep the vintage that a finished release carries in `vintage/`; again changes nothing."""
        note = json.loads((release / "vintage" / "entry.json").read_text(encoding="utf-8"))
        folder = self.root / f"{note['sequence']:06d}-{note['release_id']}"
        if folder.exists():
            return
        half = self.root / f"{_PART}{uuid.uuid4().hex}"
        shutil.copytree(release / "vintage", half)
        shutil.copyfile(release / "manifest.json", half / "manifest.json")
        half.chmod(0o755)
        half.rename(folder)

    def set_damaged_aside(self) -> list[str]:
        """Give vintages that their own manifest does not bear out a name that is none.

        Returns:
            Their names, `<sequence>-<release id>`.
        """
        damaged = [path for path in sorted(self.root.glob("[0-9]*")) if not _is_whole(path)]
        for path in damaged:
            path.rename(path.with_name(f"{_DAMAGED}{path.name}-{uuid.uuid4().hex[:8]}"))
        return [path.name for path in damaged]

    def sweep(self) -> None:
        """Remove what a killed run left half-made."""
        for half in self.root.glob(f"{_PART}*"):
            shutil.rmtree(half, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    """Whether a vintage's note reads and its tables are the bytes that its manifest promised."""
    try:
        json.loads((folder / "entry.json").read_text(encoding="utf-8"))
        promised = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
        return all(
            hashlib.sha256((folder / Path(name).name).read_bytes()).hexdigest() == one["sha256"]
            for name, one in promised.items()
            if name.startswith("vintage/")
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def rows_changed(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Rows of the ledger that were added, removed or changed in what they state.

    Returns:
        observation_id, stream, how (added, removed, changed); in order of id.
    """
    columns = sorted((set(before.columns) & set(now.columns)) - set(_NOT_EVIDENCE))
    marked = [
        frame.select(
            pl.col("observation_id", "stream").cast(pl.String),
            pl.concat_str(
                [pl.col(name).cast(pl.String).fill_null("\0") for name in columns], separator="\1"
            ).alias("text"),
        )
        for frame in (before, now)
    ]
    return (
        marked[0]
        .join(marked[1], on="observation_id", how="full", suffix="_now", coalesce=True)
        .filter(pl.col("text").ne_missing(pl.col("text_now")))
        .select(
            "observation_id",
            stream=pl.coalesce("stream_now", "stream"),
            how=pl.when(pl.col("text").is_null())
            .then(pl.lit("added"))
            .when(pl.col("text_now").is_null())
            .then(pl.lit("removed"))
            .otherwise(pl.lit("changed")),
        )
        .sort("observation_id")
    )


def evidence_of(ledger: pl.DataFrame) -> pl.DataFrame:
    """The ledger without what says nothing of evidence, ready to be hashed."""
    return ledger.drop(_NOT_EVIDENCE, strict=False).rename(_FIRST_CALLED, strict=False)


def _have_new_rates(before: MadeFrom, now: MadeFrom) -> bool:
    return bool(before.rates) and before.rates != now.rates


def causes_between(before: MadeFrom, now: MadeFrom, rows: pl.DataFrame) -> list[str]:
    """What differs, of `CAUSES`, in the order in which moves are taken apart."""
    if before.model and now.model:
        is_code = (before.model, before.settings) != (now.model, now.settings)
    else:
        # hand-kept tables besides the ledger are not evidence
        is_code = before.code != now.code or (rows.is_empty() and before.inputs != now.inputs)
    found = {
        "code": is_code,
        "evidence": not rows.is_empty() or _have_new_rates(before, now),
        "month": before.last_month != now.last_month,
        "sampling": (before.seed, before.draws) != (now.seed, now.draws),
    }
    causes = [name for name in CAUSES if found[name]]
    if not causes and (before.code, before.inputs) != (now.code, now.inputs):
        # nothing that incomes are made from; where one moved all the same, it moved by this
        return ["code"]
    return causes


@dataclass(frozen=True)
class StateBetween:
    """Estimates nobody published, to be made so that causes can be told apart.

    Attributes:
        cause: the last of the causes that have taken effect in it, of `CAUSES`.
        ledger: its evidence; rates of exchange are today's in every state.
        last_month, seed, draws: as in `MadeFrom`; code and priors are today's.
    """

    cause: str
    ledger: pl.DataFrame
    last_month: str
    seed: int
    draws: int


def states_between(
    last: Entry, made: MadeFrom, now: Estimates, ledger: pl.DataFrame
) -> tuple[list[StateBetween], str]:
    """What to estimate so that the moves since the last vintage can be told apart by cause.

    Causes take effect in the order of `CAUSES`. Nothing is to be estimated where one cause alone
    was at work, or where nothing moved beyond noise.

    Returns:
        The states after each cause but the last, and why there are none although there were
        several causes; empty where there is nothing to say.
    """
    before = last.frame("ledger")
    causes = causes_between(last.made, made, rows_changed(before, ledger))
    if len(causes) < 2:
        return [], ""
    whole = _step(Estimates(last.frame("annual"), last.frame("batches")), now, causes)
    if whole.filter(~_is_within() | pl.col("moved").is_null()).is_empty():
        return [], ""
    if not _same_columns(before, ledger):
        return [], "the last release's evidence has other columns than today's code reads"
    states = []
    for place, cause in enumerate(causes[:-1]):
        done = set(causes[: place + 1])
        states.append(
            StateBetween(
                cause,
                ledger if "evidence" in done or "evidence" not in causes else before,
                made.last_month if "month" in done else last.made.last_month,
                made.seed if "sampling" in done else last.made.seed,
                made.draws if "sampling" in done else last.made.draws,
            )
        )
    return states, ""


def _same_columns(before: pl.DataFrame, now: pl.DataFrame) -> bool:
    return dict(before.schema) == dict(now.schema)


def _is_alone() -> pl.Expr:
    """Whether a move of `_step` passes for more than noise by itself.

    A year that covers more months than before has moved for certain.
    """
    beyond = pl.col("moved").abs() > NOISE_SIGMAS * pl.col("error").fill_null(0.0)
    return beyond | pl.col("has_other_months")


def _is_within() -> pl.Expr:
    """Whether a move of `_step` lies within noise, by itself and with the years beside it."""
    return ~_is_alone() & (pl.col("joint").abs().fill_null(0.0) <= JOINT_SIGMAS)


def moves_of_rows(before: pl.DataFrame, now: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """How far each changed row moved its stream's headline years, the other rows as they are.

    An added row moved a year by what the year would lose without it, a removed one by what it lost;
    a changed one by the difference. Rows that speak of one thing share what they say, so that these
    need not add up to the whole.

    Args:
        before, now: `SHIFTS_SCHEMA`, of the two releases.
        rows: `rows_changed`.

    Returns:
        stream, year, observation_id, how, moved_usd (null where one of the two is not known).
    """
    key = ["stream", "year", "observation_id"]
    return (
        before.join(now, on=key, how="full", suffix="_now", coalesce=True)
        .join(rows, on=["stream", "observation_id"])
        .select(
            *key,
            "how",
            moved_usd=pl.when(pl.col("how") == "added")
            .then(pl.col("shift_usd_now"))
            .when(pl.col("how") == "removed")
            .then(-pl.col("shift_usd"))
            .otherwise(pl.col("shift_usd_now") - pl.col("shift_usd")),
        )
    )


def _batches_of(estimates: Estimates) -> pl.DataFrame:
    """Batches of every yearly number; one that repeats another's draws takes over its batches."""
    annual = estimates.annual.select(*KEY, "q50")
    missing = annual.join(estimates.batches, on=KEY, how="anti")
    twins = missing.join(
        annual.join(estimates.batches, on=KEY, how="semi"), on=["stream", "year", "q50"]
    ).unique(KEY, maintain_order=True)
    taken = twins.join(
        estimates.batches,
        left_on=["stream", "measure_right", "year"],
        right_on=KEY,
        suffix="_batch",
    ).select(*KEY, "batch", q50="q50_batch")
    return pl.concat([estimates.batches.select(*KEY, "batch", "q50"), taken])


def _step(before: Estimates, after: Estimates, causes: Sequence[str]) -> pl.DataFrame:
    """How each yearly median moved, with the Monte Carlo error of the move.

    Returns:
        stream, measure, year, before, after, moved, error, joint (`_joint_errors`),
        has_other_months; error from differences of medians over the same stretches of draws, so
        that what one seed gives both cancels.
    """
    pairs = (
        _batches_of(before)
        .join(_batches_of(after), on=[*KEY, "batch"], suffix="_now")
        # sums of floats end in other bits in another order, and a join keeps none
        .sort(*KEY, "batch")
        .with_columns(apart=pl.col("q50_now") - pl.col("q50"))
        .with_columns(error=_error_of("apart").over(KEY))
    )
    return (
        before.annual.select(*KEY, before="q50", was_partial="is_partial_year")
        .join(after.annual.select(*KEY, after="q50"), on=KEY, how="full", coalesce=True)
        .join(pairs.group_by(KEY).agg(pl.col("error").first()), on=KEY, how="left")
        .join(_joint_errors(pairs), on=["stream", "measure"], how="left")
        .with_columns(
            moved=pl.col("after") - pl.col("before"),
            has_other_months=pl.col("was_partial").fill_null(value=False)
            & pl.lit("month" in causes),
        )
    )


def _error_of(name: str) -> pl.Expr:
    """Standard error of the mean of independent values."""
    return pl.col(name).std() / pl.len().cast(pl.Float64).sqrt()


def _joint_errors(pairs: pl.DataFrame) -> pl.DataFrame:
    """How far all years of a series moved together, in Monte Carlo errors of that.

    Moves too small for their own year may be of one sign in all of them. Two questions are asked,
    each fixed beforehand: whether the years moved in the mean, each counted in its own Monte Carlo
    errors; and whether they did beside the gross income of the same years, with which most of the
    noise is shared, so that a share that moved shows where the sum does not. The mean over years is
    taken within each stretch of draws and its error from the spread over stretches: however the
    years' errors are correlated, that is in it, and where nothing moved the ratio is Student's t
    with 19 degrees of freedom.

    Args:
        pairs: KEY, batch, q50 (before), apart (its move), error (of the year's mean move); their
            order settles the last bits.

    Returns:
        stream, measure, joint: of the two the one further from nothing, with its sign; series of
        two years and more.
    """
    years = pairs.filter(pl.col("error") > _ROUNDING * pl.col("q50").abs()).with_columns(
        errors=pl.col("apart") / pl.col("error")
    )
    gross = years.filter(pl.col("measure") == GROSS).select(
        "stream", "year", "batch", beside="errors"
    )
    series = ["stream", "measure"]
    by_batch = (
        years.join(gross, on=["stream", "year", "batch"], how="left", maintain_order="left")
        .group_by(*series, "batch", maintain_order=True)
        .agg(
            level=pl.col("errors").mean(),
            share=(pl.col("errors") - pl.col("beside")).mean(),
            n_years=pl.len(),
        )
        .filter(pl.col("n_years") > 1)
    )
    ratios = [
        # a series that is gross income itself has nothing beside it
        pl.when(_error_of(name) > _ROUNDING).then(pl.col(name).mean() / _error_of(name)).alias(name)
        for name in ("level", "share")
    ]
    return (
        by_batch.group_by(series, maintain_order=True)
        .agg(ratios)
        .select(
            *series,
            joint=pl.when(pl.col("share").abs().fill_null(0.0) > pl.col("level").abs())
            .then(pl.col("share"))
            .otherwise(pl.col("level")),
        )
    )


def explain(
    states: Sequence[Estimates],
    causes: Sequence[str],
    rows: pl.DataFrame,
    *,
    release_id: str,
    sequence: int,
    moves: pl.DataFrame | None = None,
    have_new_rates: bool = False,
) -> pl.DataFrame:
    """Every yearly median that moved, taken apart by cause.

    Args:
        states: before, …, after: one more than `causes` where each cause was measured by itself;
            or just before and after.
        causes: of `CAUSES`, in the order of the states.
        rows: the ledger's changed rows (`rows_changed`).
        release_id, sequence: of the release that moved them.
        moves: how far single rows moved headline years (`moves_of_rows`).
        have_new_rates: rates of exchange are evidence that touches every stream.

    Returns:
        Columns of `changes`, without sentences. moved_usd = evidence + month + code + noise +
        unsplit; what is within `NOISE_SIGMAS` Monte Carlo errors is noise; what two causes moved
        together and nobody took apart is unsplit.
    """
    steps = {}
    if len(states) == len(causes) + 1:
        pairs = zip(causes, itertools.pairwise(states), strict=True)
        steps = {cause: _step(before, after, [cause]) for cause, (before, after) in pairs}
    streams = rows["stream"].unique().to_list()
    touched = [*streams, "total"] if streams else []
    zero, moved_by = pl.lit(0.0), ["evidence_usd", "month_usd", "code_usd"]
    whole = _step(states[0], states[-1], causes)
    found = whole.with_columns(
        *(zero.alias(name) for name in moved_by), alone=_is_alone().fill_null(value=False)
    )
    for cause, step in steps.items():
        part = step.select(
            *KEY,
            by_itself=_is_alone(),
            part=pl.when(_is_within()).then(zero).otherwise(pl.col("moved")),
        )
        found = found.join(part, on=KEY, how="left").with_columns(
            alone=pl.col("alone") | pl.col("by_itself").fill_null(value=False),
            # what another seed moved is noise
            **({f"{cause}_usd": pl.col("part").fill_null(0.0)} if cause != "sampling" else {}),
        )
        found = found.drop("by_itself", "part")
    active = [
        pl.when(
            (
                pl.col("stream").is_in(touched)
                if cause == "evidence" and not have_new_rates
                else pl.lit(True)
            )
            & (pl.col(f"{cause}_usd") != 0 if steps and cause != "sampling" else pl.lit(True))
        ).then(pl.lit(cause))
        for cause in causes
    ]
    rest = pl.col("moved") - (pl.col("evidence_usd") + pl.col("month_usd") + pl.col("code_usd"))
    is_told_apart = pl.lit(bool(steps)) | _is_within()
    found = found.with_columns(
        noise_usd=pl.when(is_told_apart).then(rest).otherwise(zero),
        unsplit_usd=pl.when(is_told_apart).then(zero).otherwise(rest),
        is_noise=_is_within().fill_null(value=False) & pl.all_horizontal(pl.col(moved_by) == 0),
    )
    cause = pl.concat_str(active, separator=" + ", ignore_nulls=True) if active else pl.lit("")
    # streams share errors: figures of one may move another that none of its own speak for
    cause = pl.when(cause == "").then(pl.lit(" + ".join(causes))).otherwise(cause)
    return (
        found.filter(pl.col("before").ne_missing(pl.col("after")))
        .join(_named(whole.select(*KEY), rows, moves), on=KEY, how="left")
        .with_columns(
            sequence=pl.lit(sequence, dtype=pl.Int64),
            release_id=pl.lit(release_id),
            before_usd="before",
            after_usd="after",
            moved_usd="moved",
            mc_error_usd="error",
            joint_errors="joint",
            is_joint=~pl.col("is_noise") & ~pl.col("alone") & pl.col("moved").is_not_null(),
            cause=pl.when(pl.col("is_noise")).then(pl.lit("noise")).otherwise(cause),
            n_rows_changed=pl.col("n_rows").fill_null(0),
            rows_changed=pl.concat_str(
                pl.lit(NEW_RATES if have_new_rates else None, dtype=pl.String),
                "named",
                separator=", ",
                ignore_nulls=True,
            ),
            sentence=pl.lit(None, dtype=pl.String),
        )
        .select(pl.col(name).cast(kind) for name, kind in SCHEMAS["changes"].items())
        .sort(KEY)
    )  # fmt: skip


def _named(years: pl.DataFrame, rows: pl.DataFrame, moves: pl.DataFrame | None) -> pl.DataFrame:
    """The rows that changed for each stream, measure and year, those first that moved it most.

    Returns:
        KEY, n_rows, named: the first of them in words, with what each moved a headline by.
    """
    known = pl.DataFrame(schema={**SHIFTS_SCHEMA, "moved_usd": pl.Float64}).drop("shift_usd")
    known = (known if moves is None else moves.drop("how")).with_columns(measure=pl.lit(HEADLINE))
    # a total is touched by what touches a stream; single rows are not known to move it
    of_all = pl.concat([rows, rows.with_columns(stream=pl.lit("total"))])
    text = pl.concat_str("how", "observation_id", separator=" ")
    amount = pl.format(
        " {}{}",
        pl.when(pl.col("moved_usd") > 0).then(pl.lit("+")).otherwise(pl.lit("")),
        (pl.col("moved_usd") / 1e6).round_sig_figs(3),
    )
    left = pl.col("n_rows") - _NAMED_ROWS
    return (
        years.join(of_all, on="stream")
        .join(known, on=[*KEY, "observation_id"], how="left")
        .sort(pl.col("moved_usd").abs().fill_null(0.0), descending=True, maintain_order=True)
        .group_by(KEY)
        .agg(
            n_rows=pl.len().cast(pl.Int64),
            named=pl.concat_str(text, amount.fill_null("")).head(_NAMED_ROWS).str.join(", "),
        )
        .with_columns(
            named=pl.when(left > 0)
            .then(pl.format("{} and {} more", "named", left))
            .otherwise(pl.col("named"))
        )
    )


def millions(usd: float, *, sign: str = "") -> str:
    """Dollars in millions, three digits that count, never with an exponent.

    Args:
        usd: dollars.
        sign: "+" shows the sign of what is added too.
    """
    return f"{float(f'{usd / 1e6:.3g}'):{sign},.12g}"


def last_full_years(annual: pl.DataFrame) -> pl.DataFrame:
    """Each stream's headline of its last year that is whole."""
    return (
        annual.filter((pl.col("measure") == HEADLINE) & ~pl.col("is_partial_year"))
        .sort("year")
        .group_by("stream", maintain_order=True)
        .last()
    )


def sentences(changes: pl.DataFrame, annual: pl.DataFrame, *, is_first: bool) -> dict[str, str]:
    """One sentence a stream on its headline year: what moved it, or that nothing did."""
    last = last_full_years(annual).select(*KEY, "q50").join(changes, on=KEY, how="left")
    told = {}
    for row in last.rows(named=True):
        start = f"{row['stream']} {row['year']}: USD {millions(row['q50'])} million"
        if is_first:
            how = ", the first release of this data folder"
        elif row["cause"] is None:
            how = ", as in the release before"
        elif row["before_usd"] is None:
            how = ", a year without a number before"
        elif row["is_noise"]:
            how = (
                f", before {millions(row['before_usd'])}: within sampling noise "
                f"(Monte Carlo error {millions(row['mc_error_usd'])})"
            )
        else:
            parts = [
                f"{words} {millions(row[name], sign='+')}"
                for name, words in (
                    ("evidence_usd", "new evidence"),
                    ("month_usd", "a new month"),
                    ("code_usd", "changed code or priors"),
                    ("unsplit_usd", row["cause"] + " together"),
                    ("noise_usd", "sampling noise"),
                )
                if row[name]
            ]
            how = f", before {millions(row['before_usd'])}: {', '.join(parts)}"
            how += f" ({row['rows_changed']})" if row["rows_changed"] else ""
            if row["is_joint"]:
                how += "; only its years together tell it from sampling noise"
        told[row["stream"]] = start + how
    return told


def with_sentences(changes: pl.DataFrame, told: Mapping[str, str]) -> pl.DataFrame:
    """The sentence of a stream beside its latest moved headline year."""
    is_last = (pl.col("year") == pl.col("year").max().over("stream", "measure")) & (
        pl.col("measure") == HEADLINE
    )
    return changes.with_columns(
        sentence=pl.when(is_last).then(
            pl.col("stream").replace_strict(told, default=None, return_dtype=pl.String)
        )
    )


@dataclass(frozen=True)
class Chronicle(Entry):
    """A release's place in history, while it is built.

    Attributes:
        tables: the published tables of history, this release in them.
        files: what the store keeps of this release.
    """

    tables: dict[str, pl.DataFrame]
    files: dict[str, pl.DataFrame]

    def write(self, folder: Path) -> None:
        """Write `vintage/` into a release that is being built."""
        place = folder / "vintage"
        place.mkdir()
        for name, frame in self.files.items():
            frame.write_parquet(place / f"{name}.parquet", compression="zstd")
        note = {
            "sequence": self.sequence,
            "release_id": self.release_id,
            "name": self.name,
            "published_at": self.published_at.isoformat(),
            "made": asdict(self.made),
            "told": self.told,
        }
        (place / "entry.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


def chronicle(
    store: VintageStore,
    release_id: str,
    made: MadeFrom,
    now: Estimates,
    *,
    monthly: pl.DataFrame,
    ledger: pl.DataFrame,
    published_at: dt.datetime,
    between: Mapping[str, Estimates] | None = None,
    shifts: pl.DataFrame | None = None,
) -> Chronicle:
    """Put a release into history.

    A release with the content of the last vintage is that vintage again: its place, its time and
    its moves stand. The content of an older one, come back, is a new entry under the old id.

    Args:
        store: vintages so far.
        release_id: hash of the content.
        made: what it was made from.
        now, monthly, ledger: its estimates and evidence.
        published_at: instant, naive UTC, used for a new entry.
        between: estimates after each cause but the last, in the order of `CAUSES`.
        shifts: what each figure does to each headline year (`SHIFTS_SCHEMA`).
    """
    shifts = pl.DataFrame(schema=SHIFTS_SCHEMA) if shifts is None else shifts
    entries = store.entries()
    last = entries[-1] if entries else None
    sequence = last.sequence + 1 if last else 1
    changes, moves = (pl.DataFrame(schema=SCHEMAS[name]) for name in ("changes", "change_rows"))
    earlier = entries
    if last and last.release_id == release_id:
        earlier = entries[:-1]
        sequence, published_at = last.sequence, last.published_at
        changes, moves = last.frame("changes"), last.frame("change_rows")
    elif last:
        rows = rows_changed(last.frame("ledger"), ledger)
        causes = causes_between(last.made, made, rows)
        before = Estimates(last.frame("annual"), last.frame("batches"))
        steps = list((between or {}).values())
        is_split = len(causes) == 1 or list(between or {}) == causes[:-1]
        by_row = moves_of_rows(last.frame("shifts"), shifts, rows)
        moves = by_row.with_columns(
            sequence=pl.lit(sequence, dtype=pl.Int64), release_id=pl.lit(release_id)
        ).select(list(SCHEMAS["change_rows"]))
        changes = explain(
            [before, *(steps if is_split else []), now],
            causes,
            rows,
            release_id=release_id,
            sequence=sequence,
            moves=by_row,
            have_new_rates=_have_new_rates(last.made, made),
        )
    told = sentences(changes, now.annual, is_first=not earlier)
    changes = with_sentences(changes, told)
    is_new_id = release_id not in {one.release_id for one in earlier}
    name = release_id if is_new_id else f"{release_id}.{sequence}"
    place = (sequence, release_id, name, published_at, made, told, store.root)
    history = [*earlier, Entry(*place)]
    all_changes = pl.concat([*(one.frame("changes") for one in earlier), changes])
    annuals = [*(one.frame("annual") for one in earlier), now.annual]
    return Chronicle(
        *place,
        tables={
            "releases": _releases(history, all_changes),
            "vintages": _vintages(history),
            "changes": all_changes,
            "change_rows": pl.concat([*(one.frame("change_rows") for one in earlier), moves]),
            "revisions": _revisions(all_changes),
            "release_headlines": _headlines(zip(history, annuals, strict=True)),
        },
        files={
            "annual": now.annual,
            "monthly": monthly,
            "batches": now.batches,
            "ledger": ledger,
            "changes": changes,
            "change_rows": moves,
            "shifts": shifts,
        },
    )


def _releases(history: list[Entry], changes: pl.DataFrame) -> pl.DataFrame:
    moved = dict(changes.filter(~pl.col("is_noise")).group_by("sequence").len().iter_rows())
    return pl.DataFrame(
        [
            (
                one.sequence,
                one.release_id,
                one.published_at,
                one.made.code,
                one.made.pages,
                one.made.evidence,
                one.made.inputs,
                one.made.seed,
                one.made.draws,
                dt.date.fromisoformat(one.made.last_month) if one.made.last_month else None,
                moved.get(one.sequence, 0),
                "; ".join(text for _, text in sorted(one.told.items())),
            )
            for one in history
        ],
        schema=SCHEMAS["releases"],
        orient="row",
    )


def _vintages(history: list[Entry]) -> pl.DataFrame:
    first: dict[str, Entry] = {}
    for one in history:
        first.setdefault(one.release_id, one)
    return pl.DataFrame(
        [
            (one.release_id, one.made.code, one.made.evidence, one.made.seed, one.made.draws,
             one.published_at)
            for one in first.values()
        ],
        schema=SCHEMAS["vintages"],
        orient="row",
    )  # fmt: skip


def _revisions(changes: pl.DataFrame) -> pl.DataFrame:
    """What moved beyond noise; where a content came back, its last time counts."""
    return (
        changes.filter(~pl.col("is_noise"))
        .unique(["release_id", *KEY], keep="last", maintain_order=True)
        .select(
            vintage_id="release_id",
            stream="stream",
            measure="measure",
            period="year",
            before="before_usd",
            after="after_usd",
            cause="cause",
            is_joint="is_joint",
        )
    )


def _headlines(annuals: Iterable[tuple[Entry, pl.DataFrame]]) -> pl.DataFrame:
    """Each release's headline years: the fan of past vintages."""
    points = ["q05", "q25", "q50", "q75", "q95"]
    return pl.concat(
        [
            frame.filter(pl.col("measure") == HEADLINE).select(
                pl.lit(entry.sequence, dtype=pl.Int64).alias("sequence"),
                pl.lit(entry.release_id).alias("release_id"),
                "stream",
                pl.col("year").cast(pl.Int64),
                *(pl.col(name).cast(pl.Float64) for name in points),
            )
            for entry, frame in annuals
        ]
    )
