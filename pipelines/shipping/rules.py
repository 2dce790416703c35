"""The named rules positions are held against: the table of them, and where each is tested.

`pipelines/reference/ais_rules.csv` says for every rule what it does (quarantine or flag), why, and
its threshold. Rules of one row are tested in sql/shipping/judged.sql, those of a ship's particulars
in statics.sql, those of its track in tracks.py; the decoders find the rest. A rule in one place and
not in the other stops the program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import polars as pl

from pipelines.paths import REFERENCE_DIR
from pipelines.reference_tables import read_table
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.schemas.shipping import AisRules
from pipelines.warehouse import bound, sql_of

RULES_FILE = REFERENCE_DIR / "ais_rules.csv"

# rules found while decoding, in the decoder's own words
DECODER_RULES = (
    "unparsable_row",
    "not_ais",
    "broken_sentence",
    "bad_checksum",
    "incomplete_multipart",
    "undecodable_payload",
    "message_without_position",
)
# tested against a ship's other reports or against the land, in tracks.py
TRACK_FLAGS = (
    "conflicting_report",
    "on_land",
    "impossible_speed",
    "spoofed_position",
    "shared_mmsi",
)
TRACK_RULES = ("duplicate",)


@dataclass(frozen=True)
class Rules:
    """The table of rules, checked.

    Attributes:
        table: the file's rows, in its order.
        bits: flag rule → bit of the `flags` column.
        thresholds: rule → its threshold, where it has one.
        reasons: rule → why.
    """

    table: pl.DataFrame
    bits: dict[str, int]
    thresholds: dict[str, float]
    reasons: dict[str, str]

    @property
    def parameters(self) -> dict[str, float]:
        """Thresholds by rule, and each flag's value as `bit_<rule>`."""
        return self.thresholds | {f"bit_{rule}": 1 << at for rule, at in self.bits.items()}


@cache
def load_rules(path: Path = RULES_FILE) -> Rules:
    """Read the table of rules.

    Raises:
        SourceDrift: it breaks `AisRules`: an unknown action, a rule listed twice.
        ValueError: a rule without a test, a test without a rule, or a bit given twice; names it.
    """
    table = read_table(path, AisRules)
    judged, statics = sql_of("shipping.judged"), sql_of("shipping.statics")
    quarantine = {*DECODER_RULES, *TRACK_RULES, *re.findall(r"then '(\w+)'", judged)}
    flags = {*TRACK_FLAGS, *re.findall(r"then \$bit_(\w+)", judged + statics)}
    listed = dict(table.select("rule", "action").iter_rows())
    for wanted, action in ((quarantine, "quarantine"), (flags, "flag")):
        named = {rule for rule, does in listed.items() if does == action}
        if named != wanted:
            odd = ", ".join(sorted(named ^ wanted))
            raise ValueError(
                f"{path.name}: rules with action {action!r} and the tests in code differ: {odd}. "
                "Give each rule both a row in the table and a test."
            )
    bits = dict(table.filter(pl.col("action") == "flag").select("rule", "bit").iter_rows())
    if None in bits.values() or len(set(bits.values())) != len(bits):
        raise ValueError(f"{path.name}: every flag needs a bit of its own")
    thresholds = dict(
        table.filter(pl.col("threshold").is_not_null()).select("rule", "threshold").iter_rows()
    )
    return Rules(table, bits, thresholds, dict(table.select("rule", "why").iter_rows()))


class Desk:
    """Runs selects of sql/shipping on frames, in a DuckDB of one thread that is thrown away."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, rules: Rules) -> None:
        self._connection = connection
        self._parameters: dict[str, object] = dict(rules.parameters)
        connection.execute("set timezone = 'UTC'")

    def select(
        self, name: str, frame: pl.DataFrame, inputs: str, **parameters: object
    ) -> pl.DataFrame:
        """The rows of sql/shipping/<name>.sql with `frame` as its table `inputs`."""
        text = sql_of(f"shipping.{name}")
        values = bound(text, self._parameters | parameters)
        self._connection.register("given", frame.to_arrow())
        # a view of the session has no schema
        text = text.replace(f"shipping.{inputs}", "given")
        try:
            return self._connection.execute(text, values).pl()
        finally:
            self._connection.unregister("given")


_ROW_RULE_INPUTS = (
    "refused",
    "bad_column",
    "mmsi",
    "is_base_station",
    "t",
    "time_text",
    "has_position",
    "lat",
    "lon",
    "is_naive",
    "sog_kn",
    "cog_deg",
    "heading_deg",
    "draught_m",
    "is_coarse",
)


def judge(desk: Desk, frame: pl.DataFrame, *, received_t: int) -> pl.DataFrame:
    """Canonical rows with the `rule` that refuses each, if any, its `flags`, and cleaned values."""
    verdicts = desk.select(
        "judged", frame.select(_ROW_RULE_INPUTS), "decoded", received_t=received_t
    )
    return frame.with_columns(verdicts)


# what of a refused row is shown
_POSITION = pl.concat_str("lat", "lon", separator=", ")


def quarantine_of(refused: pl.DataFrame, *, file: str, rules: Rules) -> pl.DataFrame:
    """Refused rows (canonical columns and `rule`) as rows of the quarantine."""
    where = pl.col("applies_to")
    shown = (
        pl.when(where == "mmsi")
        .then(pl.col("mmsi_text").str.strip_chars().replace("", None))
        .when(where == "t")
        .then(pl.col("time_text").str.strip_chars().replace("", None))
        .when(
            pl.col("rule").str.starts_with("position_n")
            | (pl.col("rule") == "position_out_of_range")
        )
        .then(_POSITION)
        .otherwise("bad_value")
    )
    return (
        refused.join(
            rules.table.select("rule", "applies_to", pl.col("why").alias("reason")),
            on="rule",
            how="left",
            maintain_order="left",
        )
        .select(
            pl.lit("ais").alias("source"),
            pl.lit(file).alias("file"),
            "line",
            pl.coalesce("bad_column", "applies_to").alias("column"),
            shown.alias("value"),
            "rule",
            "reason",
        )
        .cast(pl.Schema(QUARANTINE_SCHEMA))
    )
