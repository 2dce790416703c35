import datetime as dt

from pipelines.schemas.table import Table, column, key


class ObtainableData(Table, source="reference tables"):
    """Data nobody has published and somebody could get: what the value of information is
    reckoned for.
    """

    stream: str = key("stream it would speak of")
    datum: str = key()
    quantity: str = column("quantity it measures")
    counterpart_iso3: str = column("buyer or host country; WLD for all")
    window_start_on: dt.date = column()
    window_end_on: dt.date = column()
    error_sd_log: float = column()
    where_obtainable: str = column()
    why_this_error: str = column()
