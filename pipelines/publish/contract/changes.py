from pipelines.schemas.table import Table, column, key


class Changes(Table, source="vintage store"):
    """Every yearly median that moved from one release to the next, taken apart by cause. moved
    = evidence + month + code + noise + unsplit.
    """

    sequence: int = key("release that moved it, as in releases")
    release_id: str = column("its id")
    stream: str = key("as in income_annual")
    measure: str = key("as in income_annual")
    year: int = key("year", unit="calendar year")
    before_usd: float = column("median in the release before")
    after_usd: float = column("median in this release")
    moved_usd: float = column("after less before")
    evidence_usd: float = column("moved by rows of the ledger that were added, removed or changed")
    month_usd: float = column("moved by estimating up to a later month")
    code_usd: float = column("moved by changed code, priors, settings or libraries")
    noise_usd: float = column("moved by sampling alone")
    unsplit_usd: float = column("moved by several causes that were not taken apart")
    mc_error_usd: float = column(
        "Monte Carlo standard error of the move, from twenty stretches of draws compared in pairs"
    )
    is_noise: bool = column(
        "true where the move is within four such errors, the series' years together are within "
        "3.4 of theirs, and the year covers no other months than before: no revision"
    )
    joint_errors: float = column(
        "how far all years of the series moved together, in Monte Carlo errors of their mean: by "
        "themselves or beside gross income, whichever is further from 0",
        unit="Monte Carlo errors",
    )
    is_joint: bool = column(
        "true where the move is a revision by the series' years together and not by its own year"
    )
    cause: str = column("evidence, month, code, sampling, several joined by +, or noise")
    n_rows_changed: int = column(
        "rows of the ledger that differ for this stream", unit="rows", ge=0
    )
    rows_changed: str = column(
        "the first twelve of them: added, removed or changed, with their observation_id; new rates "
        "of exchange, which are no rows of the ledger and touch every stream, stand before them"
    )
    sentence: str = column("the move in words, for the latest headline year that moved")
