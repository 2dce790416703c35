"""Contracts of what a joint fit leaves in the work database, all streams alike.

Draws of one stream alone are promised in its folder.
"""

from __future__ import annotations

import datetime as dt

from pipelines.schemas.table import Table, column, given, key


class ComponentShares(Table, table="estimates.component_shares", source="joint draws"):
    """How much of a year's uncertainty each component holds."""

    stream: str = key()
    year: int = key()
    component: str = key()
    variance_share: float = given()
    low_usd: float = given()
    high_usd: float = given()


class Components(
    ComponentShares, table="estimates.components", source="estimates.component_shares"
):
    """What a year's uncertainty is made of, and on what evidence each part stands."""

    grade: str = given(
        "this_year where a root speaks of it in the year, within_two_years, or none",
        isin=("this_year", "within_two_years", "none"),
    )
    n_roots: int = given(ge=0)


class Densities(Table, table="estimates.densities", source="the streams' models"):
    """Fingerprint of each stream's density, figures and priors with it."""

    stream: str = key()
    density: str = given()


class Diagnostics(Table, table="estimates.diagnostics", source="joint draws"):
    """Convergence of every measure by year."""

    stream: str = key()
    measure: str = key()
    year: int = key()
    rhat: float = given(gt=0)
    ess_bulk: float = given(gt=0)
    ess_tail: float = given(gt=0)
    mcse_q05: float = given(ge=0)
    mcse_q50: float = given(ge=0)
    mcse_q95: float = given(ge=0)


class Mcse(Table, table="estimates.mcse", source="estimates.diagnostics"):
    """Monte Carlo error of published points, totals as if draws were independent."""

    stream: str = key()
    measure: str = key()
    year: int = key()
    mcse_q05: float = given(ge=0)
    mcse_q50: float = given(ge=0)
    mcse_q95: float = given(ge=0)


class MonthRoots(Table, table="estimates.month_roots", source="estimates.observation_use"):
    """Roots that speak of a stream's own quantities, by month."""

    stream: str = key()
    month: dt.date = key()
    root_id: str = key()


class ObservationUse(Table, table="estimates.observation_use", source="joint draws"):
    """What became of each figure and where it falls in the draws."""

    observation_id: str = key()
    root_id: str = given()
    window_start_on: dt.date = given()
    window_end_on: dt.date = given()
    site: str = column()
    role: str = column("whole, part (a floor), more (a ceiling), or record (declared trade)")
    component: str = column("factor of income that it speaks of")
    measure: str = column()
    reason_not_used: str = column()
    concept_q05: float = column()
    concept_q50: float = column()
    concept_q95: float = column()
    posterior_quantile: float = column(ge=0, le=1)
    predictive_quantile: float = column(ge=0, le=1)
    influence: float = column(ge=0)
    stream: str = given()
    is_used: bool = given("the model used it")
    value_usd_or_unit: float = column()


class EstimatesSampling(Table, table="estimates.sampling", source="the sampler"):
    """How the sampler went: one row."""

    n_divergent: int = key(ge=0)
    acceptance: float = given(ge=0, le=1)


class EstimatesSeemsToMean(Table, table="estimates.seems_to_mean", source="joint draws"):
    """Which money a source that does not say seems to mean, mean over worlds."""

    stream: str = key()
    observation_id: str = key()
    root_id: str = given()
    concept: str = key()
    weight: float = given(ge=0, le=1.000001)


class TotalDraws(Table, table="estimates.total_draws", source="estimates.income_draws"):
    """Streams added within a draw, on two concepts."""

    measure: str = key("gross_income_usd or state_income_usd")
    draw: int = key()
    month: dt.date = key()
    usd: float = given()
