from pipelines.schemas.table import Table, column, key


class Origins(Table, source="figures"):
    """Who first produced figures, how often each was repeated, and whether the figures add up."""

    origin_id: str = key("id of the originator of a figure or report", source="reference tables")
    root_id: str = column(source="reference tables")
    name: str = column("originator", source="reference tables")
    kind_of_body: str = column(source="reference tables")
    first_observation_id: str = column("earliest statement in the ledger")
    first_stated_on: str = column(source="reference tables")
    n_statements: int = column("rows of the ledger that lead back to it", unit="statements", ge=0)
    n_repeats: int = column(
        "of these, later repeats of a figure already stated", unit="statements", ge=0
    )
    n_used: int = column("of these, figures used by a model", unit="statements", ge=0)
    implied_usd_per_worker_per_month: float = column(
        "its yearly total divided by its own headcount of the same window and by 12; "
        "empty unless it states both",
        unit="USD/month",
    )
    implied_usd_per_t: float = column(
        "its dollars divided by its own tonnes of the same window; empty unless it states both"
    )
    plausibility: str = column(
        "arithmetic screen: plausible, above_any_reported_wage, "
        "price_outside_reported_range, or not_testable"
    )
