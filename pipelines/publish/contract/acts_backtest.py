import datetime as dt

from pipelines.schemas.table import Table, column, key


class ActsBacktest(Table, made_as="network.acts_backtest", source="network walk; legal status"):
    """Test of the method: of the parties a past day’s table named, how many did OFAC designate
    within the months after?
    """

    as_of: dt.date = key("the day")
    months: int = column("months a name had to come true")
    n_open: int = column("parties then known and open for designation", ge=0)
    n_open_designated: int = column("of them designated within the months", ge=0)
    n_named: int = column("of them with dollars that a designation would have cut", ge=0)
    n_named_designated: int = column("of those designated", ge=0)
    n_best: int = column("among the best five in more than half of the draws", ge=0)
    n_best_designated: int = column("of those designated", ge=0)
    n_designated_in_network: int = column(
        "parties of the network as known now that were designated in the months, known then or not",
        ge=0,
    )
    named: str = column("the named, parted by ;")
    designated: str = column("the open ones designated, parted by ;")
