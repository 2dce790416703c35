"""Rows kept and rows refused: nothing is dropped, everything refused says why."""

from __future__ import annotations

from dataclasses import dataclass

import pandera.errors
import pandera.polars as pa
import polars as pl

from pipelines.schemas.quarantine import QUARANTINE_SCHEMA

SHOWN_CHARACTERS = 200

# what an analyst should do about each kind of failure
_REMEDIES = {
    "not_nullable": "fill the cell in",
    "dtype": "write it in the column's own type",
    "isin": "use one of the listed codes, or add the code to the contract",
    "unique": "keep one of the rows",
    "str_matches": "write it in the expected form",
    "in_range": "check the number and its unit",
    "greater_than": "check the number and its unit",
    "less_than": "check the number and its unit",
}


class SourceDrift(ValueError):
    """A source no longer has the shape it had: shows what was expected and what was found."""


@dataclass(frozen=True)
class Split:
    """A frame cut in two.

    Attributes:
        kept: the rows that met the contract, in input order, `line` included.
        quarantined: one row per refused cell (`QUARANTINE_SCHEMA`).
        rows_in: rows before the cut.
    """

    kept: pl.DataFrame
    quarantined: pl.DataFrame
    rows_in: int

    @property
    def rows_quarantined(self) -> int:
        """Rows refused, counted once however many of their cells failed."""
        return self.rows_in - self.kept.height

    def proved(self, source: str, file: str) -> Split:
        """Itself, when its rows add up.

        Raises:
            SourceDrift: the rows kept and the lines in quarantine are not the rows in.
        """
        # line 0 speaks of the file
        lines = self.quarantined.filter(pl.col("line") > 0)
        n_refused = lines.select(pl.struct("file", "line").n_unique()).item()
        if self.rows_in != self.kept.height + n_refused:
            raise SourceDrift(
                f"{source}: {file} has {self.rows_in} rows, of which {self.kept.height} were kept "
                f"and {n_refused} refused: a row is lost or counted twice, and none is used"
            )
        return self


def empty_quarantine() -> pl.DataFrame:
    """No refused rows, in the right columns."""
    return pl.DataFrame(schema=QUARANTINE_SCHEMA)


def wrong_columns(missing: list[str], extra: list[str], twice: list[str]) -> str:
    """What is wrong with a header, for a sentence; nothing where nothing is."""
    told = {
        "missing": missing,
        "not expected": [repr(name) for name in extra],
        "given twice": twice,
    }
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in told.items() if names)


def check_columns(
    found: list[str], expected: list[str], *, source: str, file: str, optional: tuple[str, ...] = ()
) -> None:
    """Stop when a file's columns are not the agreed ones.

    Raises:
        SourceDrift: names the missing and the extra columns, and what to do.
    """
    missing = [name for name in expected if name not in found and name not in optional]
    extra = [name for name in found if name not in expected]
    twice = sorted({name for name in found if found.count(name) > 1})
    wrong = wrong_columns(missing, extra, twice)
    if not wrong:
        return
    raise SourceDrift(
        f"{source}: {file}, line 1 (header): columns {wrong}. "
        f"Expected {', '.join(expected)}; found {', '.join(found)}. "
        "Rename the columns as expected, or change the contract if the source has changed."
    )


def split(
    frame: pl.DataFrame,
    contract: type[pa.DataFrameModel],
    *,
    source: str,
    file: str,
) -> Split:
    """Cut `frame` into rows that meet `contract` and cells that do not.

    Args:
        frame: eager rows; `line` holds each row's line or record number (BIGINT, 1-based).
        contract: a Pandera polars model of every column, `line` included.
        source: name of the source, as in `sources_status`.
        file: name of the file as the reader knows it.

    Returns:
        Split: rows_in = kept.height + rows refused; each refused row appears at least once
        in `quarantined` with column, value, rule and reason.

    Raises:
        SourceDrift: a column is missing, extra or of another type: that is no bad row but a
            changed source.
    """
    numbered = frame.with_row_index("__row")
    try:
        contract.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        failures = error.failure_cases
    else:
        return Split(frame, empty_quarantine(), frame.height)

    whole = failures.filter(pl.col("index").is_null())
    drift = whole.filter(~pl.col("check").cast(pl.String).str.contains("unique", literal=True))
    if drift.height:
        lines = [
            f"{row['column']}: {row['check']}, found {row['failure_case']}"
            for row in drift.head(8).iter_rows(named=True)
        ]
        raise SourceDrift(
            f"{source}: {file} no longer has the agreed form: {'; '.join(lines)}. "
            "Compare the file with the contract, then change the one that is wrong."
        )

    cells = failures.filter(pl.col("index").is_not_null()).select(
        pl.col("index").cast(pl.UInt32).alias("__row"),
        pl.col("column").cast(pl.String),
        pl.col("failure_case").cast(pl.String).alias("value"),
        pl.col("check").cast(pl.String).alias("rule"),
    )
    # what else speaks of the whole table is its key
    if whole.height:
        cells = pl.concat([cells, _duplicates(numbered, contract)])
    quarantined = (
        cells.unique(maintain_order=True)
        .join(numbered.select("__row", "line"), on="__row", how="left")
        .with_columns(
            source=pl.lit(source),
            file=pl.lit(file),
            line=pl.col("line").cast(pl.Int64),
            reason=_reason(),
        )
    )
    bad = quarantined.select("__row").unique()
    kept = numbered.join(bad, on="__row", how="anti").sort("__row").drop("__row")
    return Split(
        kept,
        quarantined.sort("line", "column", "rule").select(list(QUARANTINE_SCHEMA)),
        frame.height,
    )


def _duplicates(numbered: pl.DataFrame, contract: type[pa.DataFrameModel]) -> pl.DataFrame:
    """Every row of a repeated key: which one is right is not ours to guess."""
    key = list(contract.to_schema().unique or [])
    return numbered.filter(pl.struct(key).is_duplicated()).select(
        "__row",
        pl.lit(", ".join(key)).alias("column"),
        pl.concat_str([pl.col(name).cast(pl.String) for name in key], separator=", ").alias(
            "value"
        ),
        pl.lit("unique").alias("rule"),
    )


def _reason() -> pl.Expr:
    said = (
        pl.when(pl.col("value").is_null())
        .then(pl.lit(" is empty"))
        .otherwise(pl.format(" has '{}'", pl.col("value").fill_null("")))
    )
    kind = pl.col("rule").str.extract(f"^({'|'.join(_REMEDIES)})")
    remedy = kind.replace_strict(_REMEDIES, default="check the row at its source")
    return pl.format("{}{}, which breaks {}; {}", "column", said, "rule", remedy)


def refusals(
    rows: pl.DataFrame,
    *,
    source: str,
    file: str,
    column: str,
    value: pl.Expr | None = None,
    rule: str,
    why: str | pl.Expr,
) -> pl.DataFrame:
    """One refused cell per row of `rows` (which carries `line`), in `QUARANTINE_SCHEMA`.

    Args:
        value: what the cell holds; without it the row's own `column`, where there is one.
    """
    if value is None:
        value = pl.col(column) if column in rows.columns else pl.lit(None)
    return rows.select(
        source=pl.lit(source),
        file=pl.lit(file),
        line="line",
        column=pl.lit(column),
        value=value.cast(pl.String).str.slice(0, SHOWN_CHARACTERS),
        rule=pl.lit(rule),
        reason=pl.lit(why) if isinstance(why, str) else why,
    ).cast(pl.Schema(QUARANTINE_SCHEMA))
