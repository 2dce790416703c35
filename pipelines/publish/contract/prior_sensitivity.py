from pipelines.schemas.table import Table, column, key


class PriorSensitivity(Table, made_as="estimates.prior_sensitivity", source="estimates"):
    """What a year's headline income (coal: gross FOB; labor and IT workers: the state's take)
    would be with one group of priors made stronger or weaker. Power-scaling after Kallioinen
    et al. (2023): the group's density is raised to the power alpha and the draws reweighted.
    """

    stream: str = key("as in table streams")
    year: int = key("year of the income", unit="calendar year")
    prior: str = key("the group of priors scaled; likelihood stands for all figures together")
    alpha: float = key(
        "2 is twice as strong (a normal prior of half the variance), 0.5 half as strong, "
        "1 would be the prior as stated",
        unit="power",
    )
    median_ratio: float = column(
        "median of the year's income with the prior so scaled, over the published "
        "median; empty where nothing trustworthy gives it",
        unit="ratio",
        source="draws of the model, by method",
    )
    q05_ratio: float = column(
        "the same for the 5% point", unit="ratio", source="draws of the model, by method"
    )
    q95_ratio: float = column(
        "the same for the 95% point", unit="ratio", source="draws of the model, by method"
    )
    method: str = column(
        "reweighted: draws weighted anew; normal: the weights of some power are not to "
        "be trusted, so income in logs and the prior's parameters are taken as jointly "
        "normal at every power; empty where neither serves"
    )
    pareto_k: float = column(
        "shape of the tail of the weights (Vehtari et al. 2024); below 0.5 they have a "
        "variance, above 0.7 not even a mean that settles; the same for every year",
        source="draws of the model",
    )
    is_reliable: bool = column(
        "the weights can be trusted: pareto_k is at most 0.5", source="draws of the model"
    )
    sensitivity: float = column(
        "slope at alpha = 1 of the cumulative Jensen-Shannon distance of log income, per "
        "doubling of strength; 0.05 is worth a look; the same for every alpha",
        unit="distance per doubling",
        source="draws of the model",
    )
    sensitivity_noise: float = column(
        "sensitivity that one such group in twenty would show by chance with these "
        "draws, had it no bearing on the year",
        unit="distance per doubling",
        source="draws of the model, shifted against each other",
    )
    is_sensitive: bool = column(
        "sensitivity is at least 0.05 and above its noise; if the likelihood is "
        "sensitive too, prior and figures pull apart, if not, the prior holds the number",
        source="draws of the model",
    )
