import datetime as dt

from pipelines.schemas.table import Table, column, key, share


class Calibration(Table, made_as="estimates.calibration", source="backtest job"):
    """Simulation-based calibration: worlds are made up from the prior, figures like those of
    the ledger in each, and the truth is ranked in the posterior. Ranks must be uniform; the
    release is blocked where they are not.
    """

    stream: str = key("as in table streams")
    fit: str = key("the model as published, or one that must fail the test: proof that it can")
    quantity: str = key("the reported quantity that was ranked")
    n_worlds: int = column("made-up worlds", unit="worlds", ge=0)
    p_value: float = share("chance of ranks at least as uneven as these if the sampler is right")
    is_even: bool = column(
        "true where the chance passes 5%, shared among the quantities of the fit"
    )
    verdict: str = column(
        "holds, uneven, or of fewer than 80 even worlds too few to judge; of a control, found out "
        "or not found out"
    )
    is_control: bool = column("true for fits that must fail")
    scored_at: dt.datetime = column("when the backtest job finished")
    is_embedded: bool = column("read from the repository, not run on this machine")
    is_current: bool = column(source="hashes of figures, priors and code")
