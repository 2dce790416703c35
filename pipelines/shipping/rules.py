"""The named rules positions are held against: the table of them, and what each one tests.

`pipelines/reference/ais_rules.csv` says for every rule what it does (quarantine or flag), why, and
its threshold; here stands the test. A rule in one place and not in the other stops the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from pipelines.paths import REFERENCE_DIR

RULES_FILE = REFERENCE_DIR / "ais_rules.csv"

# ship stations have an MMSI starting with a country's MID, 201-775 (ITU-R M.585)
_SHIP = "mmsi between 201000000 and 775999999"

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

# the first that holds refuses the row; $name is the rule's threshold
ROW_TESTS: dict[str, str] = {
    "value_unparsable": "bad_column is not null",
    "mmsi_invalid": "mmsi is null or mmsi not between 0 and 999999999",
    "base_station": "is_base_station or mmsi < 10000000",
    "mmsi_not_a_ship": f"not ({_SHIP})",
    "time_missing": "t is null and time_text is null",
    "time_unparsable": "t is null",
    "time_before_ais": "t < $time_before_ais",
    "time_in_future": "t > $received_t + $time_in_future",
    "position_missing": "has_position and (lat is null or lon is null)",
    "position_not_available": "has_position and (lat = 91 or lon = 181)",
    "position_out_of_range": "has_position and (abs(lat) > 90 or abs(lon) > 180)",
    "position_null_island": "has_position and lat = 0 and lon = 0",
}

# tested on one row alone; the value is set missing where the rule says so, and the flag tells
ROW_FLAGS: dict[str, str] = {
    "time_naive": "is_naive",
    "sog_not_available": "sog_kn = $sog_not_available",
    "cog_not_available": "cog_deg = $cog_not_available",
    "heading_not_available": "heading_deg = $heading_not_available",
    "draught_not_available": "draught_m = $draught_not_available",
    "sog_implausible": "sog_kn > $sog_implausible and sog_kn <> $sog_not_available",
    "coarse_position": "is_coarse",
}

# tested against a ship's other reports or against the land
TRACK_FLAGS = (
    "conflicting_report",
    "on_land",
    "impossible_speed",
    "spoofed_position",
    "shared_mmsi",
)
STATIC_FLAGS = ("imo_invalid", "identity_change")
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


@cache
def load_rules(path: Path = RULES_FILE) -> Rules:
    """Read the table of rules.

    Raises:
        ValueError: a rule without a test, a test without a rule, an unknown action, or a bit given
            twice; names it.
    """
    table = pl.read_csv(path, schema_overrides={"bit": pl.Int64, "threshold": pl.Float64})
    quarantine = set(DECODER_RULES) | set(ROW_TESTS) | set(TRACK_RULES)
    flags = set(ROW_FLAGS) | set(TRACK_FLAGS) | set(STATIC_FLAGS)
    listed = dict(table.select("rule", "action").iter_rows())
    if len(listed) != table.height:
        raise ValueError(f"{path.name}: a rule is listed twice")
    for wanted, action in ((quarantine, "quarantine"), (flags, "flag")):
        named = {rule for rule, does in listed.items() if does == action}
        if named != wanted:
            odd = ", ".join(sorted(named ^ wanted))
            raise ValueError(
                f"{path.name}: rules with action {action!r} and the tests in code differ: {odd}. "
                "Give each rule both a row in the table and a test."
            )
    if len(listed) != len(quarantine) + len(flags):
        raise ValueError(f"{path.name}: an action is neither 'quarantine' nor 'flag'")
    bits = dict(table.filter(pl.col("action") == "flag").select("rule", "bit").iter_rows())
    if None in bits.values() or len(set(bits.values())) != len(bits):
        raise ValueError(f"{path.name}: every flag needs a bit of its own")
    thresholds = dict(
        table.filter(pl.col("threshold").is_not_null()).select("rule", "threshold").iter_rows()
    )
    return Rules(table, bits, thresholds, dict(table.select("rule", "why").iter_rows()))


def flags_of(mask: int, rules: Rules) -> list[str]:
    """The names of the flags set in `mask`."""
    return [rule for rule, bit in rules.bits.items() if mask >> bit & 1]
