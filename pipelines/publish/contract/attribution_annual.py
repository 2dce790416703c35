from pipelines.schemas.table import Quantiles, Table, column, key, quantiles, share


class AttributionAnnual(Table, made_as="network.attribution_annual", source="network walk"):
    """Income placed on named parties by an absorbing walk, and the part placed on nobody."""

    stream: str = key("as in table streams")
    year: int = key("calendar year")
    node_id: str = key("entity_id, or UNATTRIBUTED")
    stage: str = column("place in the chain of money")
    usd: Quantiles = quantiles(
        "dollars of the stream that passed or ended at the party; parties along one trail see the "
        "same dollars, so rows are not to be added"
    )
    ended_usd_mean: float = column(
        "mean of the dollars whose trail ends there: with UNATTRIBUTED these add up to the mean "
        "income"
    )
    documented_usd: float = column(
        "dollars of that stream and year that documents place on named parties"
    )
    documented_workers: float = column(
        "workers that documents count at employers in that stream and year", unit="persons", ge=0
    )
    coverage_share: float = share(
        "documented over mean income, at most 1: no larger share is ever attributed"
    )
