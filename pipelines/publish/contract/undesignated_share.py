from pipelines.schemas.table import Quantiles, Table, key, quantiles


class UndesignatedShare(Table, made_as="network.undesignated_share", source="network walk"):
    """How much of the attributed income ran through parties not yet designated."""

    stream: str = key("as in table streams")
    year: int = key("calendar year")
    share: Quantiles = quantiles(
        "share of attributed dollars that entered at parties no body had designated by the end of "
        "the year",
        ge=0,
        le=1,
    )
