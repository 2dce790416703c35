import datetime as dt

from pipelines.schemas.table import Table, column, key


class JointStatements(Table, made_as="network.joint_statements", source="network tables"):
    """Who joined which joint statement on North Korea, and how many of them sat on the Council
    that day.
    """

    statement_id: str = key("id")
    statement_on: dt.date = column()
    title: str = column("what it answers")
    kind: str = column("us_led, elected_ten, joint (leader not read) or not_un")
    is_round: bool = column(
        "a round of the states that speak out at the Council; false for the ten elected "
        "members’ own statement and what is not of the UN"
    )
    n_joined: int = column("countries that joined", ge=0)
    n_members_joined: int = column(
        "of them members of the Council on the day; membership from general knowledge", ge=0
    )
    n_unknown: int = column("countries whose part was not read", ge=0)
    countries: str = column("who joined, parted by ;")
    members_that_joined: str = column("members that joined")
    members_that_did_not: str = column("members that did not")
    url: str = column()
