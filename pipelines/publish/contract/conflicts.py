import datetime as dt

from pipelines.schemas.table import Table, column, key, share


class Conflicts(Table, source="figures"):
    """Figures outside the published 90% interval of their own concept and window, used or not,
    those first that move a headline most. A part or a lower bound conflicts only above the
    interval, more than the whole only below it.
    """

    observation_id: str = key()
    rank: int = column("1 for the figure that moves its stream's headline most", source="estimates")
    stream: str = column("as in table streams")
    quantity: str = column()
    concept: str = column(
        "which flow or stock the number means; unsaid where the source does not say"
    )
    class_: str = column("class of source", alias="class")
    measure: str = column("published measure that its interval is of", source="estimates")
    role: str = column("whole, part, more, or record", source="estimates")
    window_start_on: dt.date = column("first day the figure speaks of")
    window_end_on: dt.date = column("last day the figure speaks of")
    stated: float = column(
        "the figure as the model reads it: its single value, else the middle of its "
        "range in logs, else its one bound",
        unit="as in column unit, money in USD",
    )
    unit: str = column("unit of the figure in the ledger")
    model_q05: float = column(
        "5% point of the published draws of the same concept and window",
        unit="as stated",
        source="joint draws",
    )
    model_q50: float = column("median of these draws", unit="as stated", source="joint draws")
    model_q95: float = column("95% point of these draws", unit="as stated", source="joint draws")
    posterior_quantile: float = share(source="joint draws")
    predictive_quantile: float = share(source="joint draws")
    influence: float = column(
        "shift of the headline by this figure, in widths of its 90% interval",
        unit="widths",
        source="estimates",
    )
    is_used: bool = column(
        "true where the model used the figure and still disagrees", source="estimates"
    )
    origin_id: str = column()
    root_id: str = column("root of that origin")
    model: str = column(
        "density: the joint density of all streams; sum of streams for the total",
        source="estimates",
    )
