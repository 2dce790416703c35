import datetime as dt

from pipelines.schemas.table import Table, column, key, share


class Claims(Table, source="each folder of pipelines/streams"):
    """Numbers the public knows, each held against the published draws of what it measures and
    of its window. A sum of money that does not say what it is has two rows: against what
    buyers and employers pay, and against what reaches the DPRK side.
    """

    stream: str = key("as in table streams")
    claim_id: str = key()
    words: str = column("the claim in a few words")
    quantity: str = column("what it measures")
    concept: str = column(
        "which flow or stock its number means; unsaid where its author does not say"
    )
    counterpart_iso3: str = column("country it speaks of; WLD for all")
    window_start_on: dt.date = column()
    window_end_on: dt.date = column()
    low: float = column(
        "lower end; the only end of a claim of at least so much", unit="as in column unit"
    )
    high: float = column(
        "upper end; the only end of a claim of at most so much", unit="as in column unit"
    )
    unit: str = column("unit of low, high, q05, q50 and q95")
    measure: str = key("published measure or quantity that it is held against", source="estimates")
    compared_with: str = column(
        "country of that measure: WLD where the claim's own country is not drawn by itself",
        source="estimates",
    )
    q05: float = column(
        "5% point of the published draws of that measure and window",
        unit="as in column unit",
        source="joint draws",
    )
    q50: float = column("median of these draws", unit="as in column unit", source="joint draws")
    q95: float = column("95% point of these draws", unit="as in column unit", source="joint draws")
    low_quantile: float = share("share of these draws below low", source="joint draws")
    high_quantile: float = share("share of these draws below high", source="joint draws")
    verdict: str = column(
        "above the interval: even its lower end exceeds the 90% interval; below the "
        "interval: even its upper end falls short; compatible; or not estimated",
        source="joint draws",
    )
    root_id: str = column("root of who made it")
    source_id: str = column("document it was read in")
    source_title: str = column("title of that document")
    source_url: str = column("address of that document")
    locator: str = column()
    observation_id: str = column("the row of table figures that holds it")
