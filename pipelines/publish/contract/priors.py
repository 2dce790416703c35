from pipelines.schemas.table import Table, column, key


class Priors(Table, source="reference tables"):
    """Everything assumed before any figure, with its distribution and its source."""

    stream: str = key("stream whose model reads it, or whose ledger the feed writes to")
    parameter: str = key(
        "name of the parameter; ships. and radar. come before those of ship positions "
        "and of radar detections"
    )
    distribution: str = column(
        "fixed, normal, normal_sd, student_t4_scale, halfnormal, lognormal, beta or a form of one"
    )
    args: str = column("arguments of the distribution, split by semicolons")
    unit: str = column("unit of the arguments; log and logit are scales")
    source: str = column("where it comes from; a judgement says so first")
    is_judgement: bool = column("true where no document settles it")
