from pipelines.schemas.table import Quantiles, Table, key, quantiles


class UndesignatedShare(Table):
    """How much of the attributed income ran through parties not yet designated."""

    class Config:
        metadata = {"made_as": "network.undesignated_share", "source": "network walk"}

    stream: str = key("as in table streams")
    year: int = key("calendar year")
    share: Quantiles = quantiles(
        "share of attributed dollars that entered at parties no body had designated by "
        "the end of the year",
        prefix="share",
        unit="share",
        ge=0,
        le=1,
    )
