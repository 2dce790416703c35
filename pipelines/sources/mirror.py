"""Partners' declarations as a mirror: how far they speak of North Korea at all.

Customs officers confuse the two Koreas. For each reporter and year the basket of goods is compared
with what a trusted reporter (China) buys from each of them: a Dirichlet-multinomial likelihood over
HS chapters, as in a mixture of two sources.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import polars as pl
import scipy
from numpy.typing import NDArray

from pipelines.schemas.trade import Miscoding
from pipelines.warehouse import read_frame

PRK, KOR, CHN = 408, 410, 156
BAN_ON = dt.date(2017, 8, 5)  # Security Council resolution 2371
CHINA_SUSPENSION_ON = dt.date(2017, 2, 18)  # Ministry of Commerce announcement 2017/12
LIKELY_MISCODED = 0.5
PRIORS = "staged.mirror_priors"
CHAPTERS = tuple(f"{number:02d}" for number in range(1, 98) if number != 77)
_FLOOR = 0.05  # pseudo-count spread over the chapters: an unseen chapter is rare, not impossible


@dataclass(frozen=True)
class MirrorParameters:
    """What is assumed about mirror statistics; each value is cited in mirror_priors.csv.

    Attributes:
        cif_fob, coal_cif_fob: log mean and log sd of CIF over FOB value.
        miscoded_share: Beta parameters of the share of reporter-years that are miscoded.
        profile_counts: independent purchases that one reporter-year's profile counts as.
        profile_concentration: how closely a reporter follows the average basket.
        unit_value_ratio: bounds of declared over reference price outside which a row is flagged.
    """

    cif_fob: tuple[float, float]
    coal_cif_fob: tuple[float, float]
    miscoded_share: tuple[float, float]
    profile_counts: float
    profile_concentration: float
    unit_value_ratio: tuple[float, float]


def parse_mirror_priors(table: pl.DataFrame) -> MirrorParameters:
    """The priors from rows parameter, args (numbers parted by ;).

    Raises:
        ValueError: a parameter is missing or is no number; names it.
    """
    given = dict(zip(table["parameter"], table["args"], strict=True))

    def numbers(name: str) -> tuple[float, ...]:
        try:
            return tuple(float(part) for part in str(given[name]).split(";"))
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"mirror_priors.csv: {name} is missing or not numbers parted by ';'"
            ) from error

    def pair(name: str) -> tuple[float, float]:
        first, second = numbers(name)
        return first, second

    return MirrorParameters(
        cif_fob=pair("cif_fob"),
        coal_cif_fob=pair("coal_cif_fob"),
        miscoded_share=pair("miscoded_share"),
        profile_counts=numbers("profile_counts")[0],
        profile_concentration=numbers("profile_concentration")[0],
        unit_value_ratio=(
            numbers("unit_value_ratio_low")[0],
            numbers("unit_value_ratio_high")[0],
        ),
    )


def trade_values(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Values that the SQL of trade may name: days of the bans, and what is assumed of mirrors."""
    priors = parse_mirror_priors(read_frame(connection, PRIORS))
    return {
        "ban_on": BAN_ON,
        "china_suspension_on": CHINA_SUSPENSION_ON,
        "likely": LIKELY_MISCODED,
        "cif_fob_log_mean": priors.cif_fob[0],
        "cif_fob_log_sd": priors.cif_fob[1],
        "coal_cif_fob_log_mean": priors.coal_cif_fob[0],
        "coal_cif_fob_log_sd": priors.coal_cif_fob[1],
        "unit_value_ratio_low": priors.unit_value_ratio[0],
        "unit_value_ratio_high": priors.unit_value_ratio[1],
    }


def log_dirichlet_multinomial(
    counts: NDArray[np.float64], alpha: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log likelihood of each row of counts, up to a term that depends on the counts alone.

    Args:
        counts: rows x categories, not necessarily whole numbers.
        alpha: categories, or rows x categories; positive.
    """
    total = alpha.sum(axis=-1)
    return (
        scipy.special.gammaln(total)
        - scipy.special.gammaln(counts.sum(axis=-1) + total)
        + (scipy.special.gammaln(counts + alpha) - scipy.special.gammaln(alpha)).sum(axis=-1)
    )


def _profiles(chapters: pl.DataFrame, partner: int) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """(reporter_code, year) rows and their matrix of values by chapter."""
    wide = (
        chapters.filter(pl.col("partner_code") == partner)
        .pivot(
            "hs_code", index=["reporter_code", "year"], values="value_usd", aggregate_function="sum"
        )
        .sort("reporter_code", "year")
    )
    values = wide.select(
        pl.col(name).fill_null(0.0) if name in wide.columns else pl.lit(0.0).alias(name)
        for name in CHAPTERS
    ).to_numpy()
    return wide.select("reporter_code", "year"), np.asarray(values, dtype=float)


def estimate_miscoding(
    chapters: pl.DataFrame, priors: MirrorParameters, *, trusted: int = CHN
) -> pl.DataFrame:
    """Chance that each reporter's North Korea line of a year is South Korean trade.

    Args:
        chapters: declared imports by HS chapter: reporter_code, partner_code, year, hs_code (two
            digits), value_usd. The trusted reporter's rows for both Koreas make the profiles.
        priors: what is assumed; low and high come from the prior share's 5 and 95% points and
            from halving and doubling the weight of a profile.
        trusted: M49 code of the reporter that keeps the Koreas apart.

    Returns:
        `Miscoding`; no probability, with the reason, where a profile is missing.
    """
    rows = chapters.filter(pl.col("hs_code").is_in(list(CHAPTERS)))
    who, values = _profiles(rows, PRK)
    _, north = _profiles(rows.filter(pl.col("reporter_code") == trusted), PRK)
    _, south = _profiles(rows.filter(pl.col("reporter_code") == trusted), KOR)
    result = who.with_columns(
        n_chapters=pl.Series((values > 0).sum(axis=1), dtype=pl.Int64),
        value_usd=pl.Series(values.sum(axis=1), dtype=pl.Float64),
    )
    unknown = pl.lit(None, dtype=pl.Float64)
    if north.sum() <= 0 or south.sum() <= 0:
        return Miscoding.validate(
            result.with_columns(
                p_miscoded=unknown,
                p_miscoded_low=unknown,
                p_miscoded_high=unknown,
                basis=pl.lit("no profile of both Koreas from the trusted reporter"),
            )
        )

    def alpha(profile: NDArray[np.float64]) -> NDArray[np.float64]:
        share = profile.sum(axis=0) / profile.sum()
        return priors.profile_concentration * share + _FLOOR

    def chance(prior: float, counts: float) -> NDArray[np.float64]:
        shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1e-300)
        odds = (
            log_dirichlet_multinomial(shares * counts, alpha(south))
            - log_dirichlet_multinomial(shares * counts, alpha(north))
            + np.log(prior)
            - np.log1p(-prior)
        )
        return 1.0 / (1.0 + np.exp(-np.clip(odds, -700, 700)))

    a, b = priors.miscoded_share
    grid = np.stack(
        [
            chance(float(share), priors.profile_counts * factor)
            for share in (scipy.stats.beta.ppf(0.05, a, b), scipy.stats.beta.ppf(0.95, a, b))
            for factor in (0.5, 1.0, 2.0)
        ]
    )
    usable = (pl.col("value_usd") > 0) & (pl.col("n_chapters") >= 2)
    usable &= pl.col("reporter_code") != trusted
    return Miscoding.validate(
        result.with_columns(
            p_miscoded=pl.Series(chance(a / (a + b), priors.profile_counts)),
            p_miscoded_low=pl.Series(grid.min(axis=0)),
            p_miscoded_high=pl.Series(grid.max(axis=0)),
        ).with_columns(
            pl.when(usable).then(pl.col("p_miscoded", "p_miscoded_low", "p_miscoded_high")),
            basis=pl.when(pl.col("reporter_code") == trusted)
            .then(pl.lit("the trusted reporter: profiles are built from it"))
            .when(~usable)
            .then(pl.lit("one chapter only: no basket to compare"))
            .otherwise(pl.lit("basket by HS chapter against the trusted reporter's two baskets")),
        )
    )
