"""What readers were promised, typed from the public contract; the code must keep to it."""

from __future__ import annotations

QUANTILES = ["q05", "q10", "q25", "q50", "q75", "q90", "q95", "mean"]


def quantiles(prefix: str) -> list[str]:
    """Quantile columns of one quantity."""
    return [f"{prefix}_{point}" for point in QUANTILES]


PROMISED: dict[str, list[str]] = {
    "income_annual": [
        "stream",
        "measure",
        "year",
        *QUANTILES,
        "n_origins",
        "is_prior_driven",
        "is_partial_year",
        "model",
    ],
    "income_monthly": [
        "stream",
        "measure",
        "month",
        *QUANTILES,
        "n_origins",
        "is_prior_driven",
        "model",
    ],
    "coal_monthly": [
        "month",
        *quantiles("tonnes"),
        *quantiles("price_usd_per_t"),
        *quantiles("income_usd"),
    ],
    "coal_destination_annual": ["year", "destination_iso3", *quantiles("share")],
    "labor_by_host_annual": [
        "host_iso3",
        "year",
        *quantiles("headcount"),
        *quantiles("wage_usd_per_month"),
        *quantiles("state_share"),
        *quantiles("take_usd"),
    ],
    "figures": [
        "observation_id",
        "stream",
        "quantity",
        "counterpart_iso3",
        "sector",
        "window_start_on",
        "window_end_on",
        "kind",
        "low",
        "central",
        "high",
        "unit",
        "origin_id",
        "source_id",
        "locator",
        "retrieved_at",
        "is_used",
        "reason_not_used",
        "posterior_quantile",
    ],
    "conflicts": ["observation_id"],
    "origins": ["origin_id"],
    "sources_status": [
        "source",
        "as_of",
        "retrieved_at",
        "is_embedded",
        "is_stale",
        "rows_in",
        "rows_kept",
        "rows_quarantined",
        "licence",
    ],
    "quarantine": ["source", "row", "file", "line", "column", "value", "rule", "reason"],
    "vintages": ["vintage_id", "code_version", "evidence_hash", "seed", "published_at"],
    "revisions": ["vintage_id", "stream", "measure", "period", "before", "after", "cause"],
    "data_dictionary": ["table", "column", "type", "unit", "meaning", "source"],
    "backtest_scores": [
        "stream",
        "test",
        "model",
        "n",
        "crps",
        "wis",
        "coverage_50",
        "coverage_80",
        "coverage_90",
        "coverage_90_low",
        "coverage_90_high",
    ],
    "sensitivity": ["stream", "year", "input", "variance_share", "low_usd", "high_usd"],
    "value_of_information": ["stream", "year", "datum", "expected_width_ratio", "rank"],
}
