import datetime as dt

from pipelines.schemas.table import Table, column, key


class ObtainableData(Table):
    """Data nobody has published and somebody could get: what the value of information is
    reckoned for.
    """

    class Config:
        metadata = {"source": "reference tables"}

    stream: str = key("stream it would speak of")
    datum: str = key("what would be known")
    quantity: str = column("quantity it measures")
    counterpart_iso3: str = column("buyer or host country; WLD for all")
    window_start_on: dt.date = column("first day it speaks of")
    window_end_on: dt.date = column("last day it speaks of")
    error_sd_log: float = column(
        "standard deviation of its logarithm, or of its logit for a share", unit="log"
    )
    where_obtainable: str = column("who has it or could gather it")
    why_this_error: str = column("why the error is taken to be that large")
