import datetime as dt

from pipelines.schemas.table import Quantiles, Table, key, quantiles


class CoalMonthly(Table, source="draws of the headline coal model"):
    """Coal exports by month: tonnes, price at the port of loading, gross income."""

    month: dt.date = key("month of export", unit="first day of month", source="estimates")
    tonnes: Quantiles = quantiles("coal exported, metric tonnes", ge=0)
    price_usd_per_t: Quantiles = quantiles("price at the port of loading (FOB)")
    income_usd: Quantiles = quantiles("gross FOB income, tonnes times price within each draw")
