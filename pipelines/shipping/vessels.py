"""Who a ship says it is: number, flag, names over time, and whether an official list has it."""

from __future__ import annotations

import polars as pl
from pyais.constants import COUNTRY_MAPPING

from pipelines.schemas.shipping import Vessels
from pipelines.schemas.types import polars_schema

# how lists write the flags that this project meets most; other flags by the MID table's own names
_FLAG_NAMES = {
    "KOREA NORTH": "KP",
    "NORTH KOREA": "KP",
    "DEMOCRATIC PEOPLE S REPUBLIC OF KOREA": "KP",
    "DPRK": "KP",
    "KOREA SOUTH": "KR",
    "RUSSIA": "RU",
    "RUSSIAN FEDERATION": "RU",
    "HONG KONG": "HK",
    "TANZANIA": "TZ",
    "VIETNAM": "VN",
}

VESSEL_SCHEMA = polars_schema(Vessels)


def _key(name: str) -> pl.Expr:
    """A name for comparing: letters and digits of any script, upper case, single spaces."""
    return (
        pl.col(name)
        .str.normalize("NFKC")
        .str.to_uppercase()
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.strip_chars()
    )


def _flags() -> pl.DataFrame:
    """Country of each MID, the first three digits of a ship's MMSI (table of pyais)."""
    return pl.DataFrame(
        [(mid, iso2, name) for mid, (iso2, name) in COUNTRY_MAPPING.items()],
        schema={"mid": pl.Int64, "flag_iso2": pl.String, "flag_name": pl.String},
        orient="row",
    )


def build_vessels(statics: pl.DataFrame, listed: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per MMSI from everything it ever said about itself.

    Args:
        statics: grain: one set of particulars per MMSI and file (`STATIC_COLUMNS` of landing).
        listed: official lists (`staged.listed_parties`): schema, name, imo_number, imo_kind, mmsi,
            flag, deadweight_t, list_source, list_id; None or empty without them.

    Returns:
        VESSEL_SCHEMA, ordered by vessel_mmsi. Size and name are those sent most; the deepest
        draught sent stands for the design draught. A name match is a candidate, no more.
    """
    if statics.is_empty():
        return pl.DataFrame(schema=VESSEL_SCHEMA)
    counted = statics.with_columns(
        pl.when(pl.col("is_imo_valid")).then(pl.col("imo_number")).alias("good_imo"),
        pl.when(pl.col("length_m") > 0).then(pl.col("length_m")).alias("length_m"),
        pl.when(pl.col("width_m") > 0).then(pl.col("width_m")).alias("width_m"),
    )

    def most_sent(column: str) -> pl.DataFrame:
        return (
            counted.filter(pl.col(column).is_not_null())
            .group_by("mmsi", column)
            .agg(pl.col("reports").sum())
            .sort("mmsi", "reports", column, descending=[False, True, False])
            .unique("mmsi", keep="first", maintain_order=True)
            .select("mmsi", column)
        )

    vessels = counted.group_by("mmsi").agg(
        names=pl.col("name").sort_by("first_t", "name").drop_nulls().unique(maintain_order=True),
        n_imos=pl.col("imo_number").drop_nulls().n_unique().cast(pl.Int64),
        has_bad_imo=(pl.col("imo_number").is_not_null() & pl.col("is_imo_valid").eq(False)).any(),
        design_draught_m=pl.col("draught_max_m").max(),
        first_seen_at=pl.from_epoch(pl.col("first_t").min(), "s").cast(pl.Datetime("us")),
        last_seen_at=pl.from_epoch(pl.col("last_t").max(), "s").cast(pl.Datetime("us")),
    )
    for column in ("good_imo", "name", "call_sign", "ship_type", "length_m", "width_m"):
        vessels = vessels.join(most_sent(column), on="mmsi", how="left")
    kind = pl.col("ship_type")
    vessels = (
        vessels.with_columns(mid=pl.col("mmsi") // 1_000_000)
        .join(_flags(), on="mid", how="left")
        .with_columns(
            vessel_mmsi="mmsi",
            vessel_imo=pl.col("good_imo").cast(pl.String),
            is_imo_valid=pl.when(pl.col("good_imo").is_not_null())
            .then(pl.lit(True))
            .when(pl.col("has_bad_imo"))
            .then(pl.lit(False)),
            name_history=pl.col("names").list.join(" | "),
            n_names=pl.col("names").list.len().cast(pl.Int64),
            has_identity_change=(pl.col("n_imos") > 1) | (pl.col("names").list.len() > 1),
            beam_m="width_m",
            # ITU types 70 to 79 are cargo; some feeds write the word
            is_cargo=kind.str.contains(r"^7\d$") | (kind.str.to_lowercase() == "cargo"),
        )
    )
    matches = match_lists(vessels, listed)
    return (
        vessels.join(matches, on="vessel_mmsi", how="left")
        .select(pl.col(name).cast(kind) for name, kind in VESSEL_SCHEMA.items())
        .sort("vessel_mmsi")
    )


def match_lists(vessels: pl.DataFrame, listed: pl.DataFrame | None) -> pl.DataFrame:
    """The best match of each vessel with a listed vessel, and how sure it is.

    An IMO number belongs to one hull for life, an MMSI to whoever was given it, a name to anybody:
    hence the three classes, never merged. Only the first can lend a deadweight.
    """
    columns = {
        "vessel_mmsi": pl.Int64,
        "list_match": pl.String,
        "list_source": pl.String,
        "list_id": pl.String,
        "list_name": pl.String,
        "dwt_t": pl.Float64,
    }
    if listed is None or listed.is_empty():
        return pl.DataFrame(schema=columns)
    flags = _flags().select(_key("flag_name").alias("flag_key"), "flag_iso2").unique("flag_key")
    named = pl.DataFrame({"flag_key": list(_FLAG_NAMES), "flag_iso2": list(_FLAG_NAMES.values())})
    ships = (
        listed.filter(pl.col("schema") == "Vessel")
        .select(
            pl.when(pl.col("imo_kind").eq("ship") | pl.col("imo_kind").is_null())
            .then(pl.col("imo_number"))
            .alias("imo"),
            pl.col("mmsi").cast(pl.Int64, strict=False),
            _key("name").alias("name_key"),
            _key("flag").alias("flag_key"),
            pl.col("deadweight_t").cast(pl.Float64).alias("dwt_t"),
            pl.col("list_source"),
            pl.col("list_id").cast(pl.String),
            pl.col("name").alias("list_name"),
        )
        .join(pl.concat([named, flags]).unique("flag_key", keep="first"), on="flag_key", how="left")
    )
    names = vessels.select("vessel_mmsi", "flag_iso2", name_key="names").explode("name_key")
    names = names.with_columns(_key("name_key")).filter(pl.col("name_key").str.len_chars() > 2)
    # how sure a match is, best first: what of the ship to hold against which columns of the lists
    classes = {
        "imo_exact": (vessels.select("vessel_mmsi", imo="vessel_imo"), ["imo"]),
        "mmsi_exact": (vessels.select("vessel_mmsi", mmsi="vessel_mmsi"), ["mmsi"]),
        "name_and_flag_candidate": (names, ["name_key", "flag_iso2"]),
    }
    ranked = pl.concat(
        known.join(ships, on=by).select(
            "vessel_mmsi",
            "list_source",
            "list_id",
            "list_name",
            list_match=pl.lit(name),
            rank=pl.lit(rank),
            dwt_t=pl.col("dwt_t") if name == "imo_exact" else pl.lit(None, pl.Float64),
        )
        for rank, (name, (known, by)) in enumerate(classes.items())
    )
    lent = ranked.group_by("vessel_mmsi").agg(pl.col("dwt_t").drop_nulls().first())
    return (
        ranked.drop("dwt_t")
        .sort("vessel_mmsi", "rank", "list_source", "list_id")
        .unique("vessel_mmsi", keep="first", maintain_order=True)
        .join(lent, on="vessel_mmsi", how="left")
        .select(list(columns))
    )
