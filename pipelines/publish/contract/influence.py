from pipelines.schemas.table import Table, column, key


class Influence(Table, made_as="estimates.influence", source="estimates"):
    """The headline without each figure, each root origin and each class of source."""

    stream: str = key("as in table streams")
    year: int = key("year of the income", unit="calendar year")
    what: str = key("what is left out: figure, root or class")
    name: str = key("observation_id, root_id or class left out", source="figures")
    headline_without_q05: float = column(
        "5% point of the headline without it", unit="USD", source="joint draws"
    )
    headline_without_q50: float = column(
        "median of the headline without it", unit="USD", source="joint draws"
    )
    headline_without_q95: float = column(
        "95% point of the headline without it", unit="USD", source="joint draws"
    )
    shift_usd: float = column("published median less the median without it", source="joint draws")
    shift_in_widths: float = column(
        "size of the shift over the width of the 90% interval without it; above 1 the "
        "release stops",
        unit="widths",
        source="joint draws",
    )
    method: str = column("psis: draws reweighted; refit: sampled anew")
    pareto_k: float = column(
        "tail shape of the weights; above 0.7 reweighting is not to be believed"
    )
