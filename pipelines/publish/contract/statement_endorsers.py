import datetime as dt

from pipelines.schemas.table import Table, column, key


class StatementEndorsers(Table, source="network tables"):
    """Which countries joined which joint statement on North Korea."""

    statement_id: str = key("id of the joint statement")
    statement_on: dt.date = column()
    title: str = column("what it answers")
    kind: str = column("us_led, elected_ten, joint (leader not read) or not_un")
    country_iso3: str = key("country; EUU for the EU delegation")
    joined: str = column("true, false, or unknown where the names were not read")
    is_unsc_member_then: bool = column(
        "member of the Security Council at the time; from general knowledge"
    )
    url: str = column()
