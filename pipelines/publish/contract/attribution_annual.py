from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class AttributionAnnual(Table):
    """Income placed on named parties by an absorbing walk, and the part placed on nobody."""

    class Config:
        metadata = {"made_as": "network.attribution_annual", "source": "network walk"}

    stream: str = key("as in table streams")
    year: int = key("calendar year")
    node_id: str = key("entity_id, or UNATTRIBUTED")
    stage: str = column("place in the chain of money")
    usd: Quantiles = quantiles(
        "dollars of the stream that passed or ended at the party; parties along one "
        "trail see the same dollars, so rows are not to be added",
        prefix="usd",
        unit="USD",
    )
    ended_usd_mean: float = column(
        "mean of the dollars whose trail ends there: with UNATTRIBUTED these add up to "
        "the mean income",
        unit="USD",
    )
    documented_usd: float = column(
        "dollars of that stream and year that documents place on named parties", unit="USD"
    )
    documented_workers: float = column(
        "workers that documents count at employers in that stream and year", unit="persons", ge=0
    )
    coverage_share: float = column(
        "documented over mean income, at most 1: no larger share is ever attributed",
        unit="share",
        ge=0,
        le=1,
    )
