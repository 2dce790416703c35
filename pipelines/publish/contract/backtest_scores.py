import datetime as dt

from pipelines.schemas.table import Table, column, key, share


class BacktestScores(Table, made_as="estimates.backtest_scores", source="backtest job"):
    """How well each model predicted figures it was not shown, by era and quantity. Scores are
    of logarithms, since spread is multiplicative: lower is better. From the last finished
    backtest job, else from the one embedded in the repository.
    """

    stream: str = key("as in table streams")
    test: str = key()
    era: str = key(
        "years scored, none on both sides of the ban: before_ban, ban, border_closed, "
        "since_reopening, and after_ban, after_closure, which gather the later ones"
    )
    quantity: str = key("what the hidden figures measure; all gathers them")
    model: str = key()
    n: int = column("hidden figures predicted", unit="figures", ge=0)
    n_not_made: int = column(
        "hidden figures that another model predicts and this one does not: nothing it goes by "
        "was left in sight, or it does not hold what they measure",
        unit="figures",
        ge=0,
    )
    n_roots: int = column("root origins of these figures", unit="roots", ge=0)
    crps: float = column("mean continuous ranked probability score", unit="log")
    wis: float = column(
        "mean weighted interval score over the 50, 80 and 90% intervals and the median", unit="log"
    )
    coverage_50: float = share("share of figures inside the 50% interval")
    coverage_50_low: float = share(
        "lower end of the 95% interval of coverage_50, by bootstrap over roots"
    )
    coverage_50_high: float = share(
        "upper end of the 95% interval of coverage_50, by bootstrap over roots"
    )
    coverage_80: float = share("share of figures inside the 80% interval")
    coverage_80_low: float = share(
        "lower end of the 95% interval of coverage_80, by bootstrap over roots"
    )
    coverage_80_high: float = share(
        "upper end of the 95% interval of coverage_80, by bootstrap over roots"
    )
    coverage_90: float = share("share of figures inside the 90% interval")
    coverage_90_low: float = share(
        "lower end of the 95% interval of coverage_90, by bootstrap over roots"
    )
    coverage_90_high: float = share(
        "upper end of the 95% interval of coverage_90, by bootstrap over roots"
    )
    verdict: str = column(
        "too few to judge (under eight roots); holds, too narrow or too wide: whether "
        "the interval of coverage_90 contains 0.9; for incomes where the record stops, "
        "meets the bar, misses the bar or, where more than seven in ten lie inside the 50% "
        "interval, wider than needed"
    )
    scored_at: dt.datetime = column("when the backtest job finished")
    is_embedded: bool = column("read from the repository, not run on this machine")
    is_current: bool = column(source="hashes of figures, priors and code")
