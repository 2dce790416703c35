"""A second, independent sampler on a reduced labor model, written anew, must agree with ours."""

import datetime as dt

import numpy as np
import pytest
from scipy.special import digamma, logit, ndtri, polygamma

from pipelines.estimates import labor, labor_figures
from pipelines.estimates.labor_model import LaborModel, Setting
from tests.estimates.agreement import assert_same_posterior

pm = pytest.importorskip("pymc", reason="the developers' environment has PyMC and nutpie")
nutpie = pytest.importorskip("nutpie", reason="the developers' environment has PyMC and nutpie")
pt = pytest.importorskip("pytensor.tensor", reason="PyMC's own algebra")

HOSTS = ("CHN", "RUS")
CHINA, RUSSIA = 0, 1
# through every regime: departures, the shut border, the reopened one, Russia's recruiting
FIRST, THROUGH = dt.date(2015, 1, 1), dt.date(2026, 3, 1)
YEARS = range(2015, 2026)
# a whole number of quarters: quarter midpoints lie 1.5 months into each, time runs in months
MONTHS = 135
QUARTERS = np.arange(0, MONTHS, 3) + 1.5
# whose errors the figures below share, by quantity; who states one figure goes by its name
ORIGINS = {
    "headcount": ("press", "n3", "n4", "n5", "n6", "n7", "n8", "f1", "f2", "f3"),
    "pay": ("press", "p2", "p3", "p4", "p5"),
    "share": ("s1", "s2"),
    "total": ("press", "t2", "t3"),
}
UNITS = {
    "headcount": "persons",
    "permits": "permits",
    "repatriated": "persons",
    "border_entries": "persons",
    "gross_wage": "USD/month",
    "worker_take_home": "USD/month",
    "fee": "USD/worker/year",
    "state_share": "share",
    "state_take_usd": "USD",
    "gross_wages_usd": "USD",
}


@pytest.fixture
def reduced(coal_row, ledger):
    """Two or so figures of each kind; "press" states two headcounts, a wage and a total."""

    def row(name, host, when, quantity, central=None, **cells):
        start, end = (f"{when}-01-01", f"{when}-12-31") if len(when) == 4 else (when, when)
        return coal_row(name, start, end) | {
            "stream": "labor",
            "quantity": quantity,
            "counterpart_iso3": host,
            "sector": "all",
            "central": central,
            "unit": UNITS[quantity],
            "origin_id": f"origin-of-{name}",
            **cells,
        }

    press = {"origin_id": "press"}
    return ledger(
        row("n1", "CHN", "2016", "headcount", 50_000.0, **press),
        row("n2", "CHN", "2019-12-31", "headcount", 40_000.0, **press),
        row("n3", "RUS", "2015", "headcount", 40_000.0),
        row("n4", "RUS", "2017-12-31", "headcount", 30_000.0),
        row("n5", "WLD", "2016", "headcount", kind="interval", low=70_000.0, high=110_000.0),
        row("n6", "CHN", "2023", "headcount", kind="lower_bound", low=60_000.0),
        row("n7", "RUS", "2021", "headcount", kind="upper_bound", high=15_000.0),
        row("n8", "RUS", "2016", "permits", 38_000.0, kind="count"),
        row("f1", "RUS", "2018", "repatriated", 15_000.0, kind="count"),
        row("f2", "RUS", "2024", "border_entries", 9_000.0, kind="count"),
        row("f3", "CHN", "2015", "border_entries", 90_000.0, kind="count"),
        row("p1", "CHN", "2016", "gross_wage", 300.0, **press),
        row("p2", "RUS", "2017", "gross_wage", kind="interval", low=500.0, high=900.0),
        row("p3", "CHN", "2022", "gross_wage", 420.0, sector="garment"),
        row("p4", "CHN", "2018", "worker_take_home", 90.0, sector="garment"),
        row("p5", "RUS", "2016", "fee", 6_000.0),
        row("s1", "CHN", "2016", "state_share", 0.7),
        row("s2", "WLD", "2020", "state_share", 0.8),
        row("t1", "WLD", "2016", "state_take_usd", 3.2e8, **press),
        row("t2", "WLD", "2017", "gross_wages_usd", 3.0e8),
        # some 1,900 a month at the stated 88,000 workers, while nobody states pay above 900
        row("t3", "WLD", "2018", "state_take_usd", 2.0e9),
    )


def month_of(year, month=1, day=1):
    """Months since the grid began."""
    return (year - FIRST.year) * 12 + month - 1 + (day - 1) / 30.4


def straight(points):
    """What quarter midpoints give at ``points``: straight between, level past the ends."""
    return np.array([np.interp(points, QUARTERS, row) for row in np.eye(QUARTERS.size)]).T


def walk(width):
    """Each step's part in the walk by quarter: steps of ``width`` months, zero in July 2016."""
    edges = np.arange(QUARTERS[0], QUARTERS[-1] + width, width)
    paths = []
    for after in edges[1:]:
        nodes = (edges >= after).astype(float)
        paths.append(np.interp(QUARTERS, edges, nodes) - np.interp(month_of(2016, 7), edges, nodes))
    return np.array(paths).T, (edges[:-1] + edges[1:]) / 2


def dollars_per_yuan():
    """Log rate by quarter against the third quarter of 2016, when the walk is zero."""
    rates = labor_figures.reference_rates()
    known = {month: rate for code, month, rate in rates.rows() if code == "CNY"}
    months = [FIRST.replace(year=FIRST.year + m // 12, month=m % 12 + 1) for m in range(MONTHS)]
    # past the last quoted month the last rate holds
    path = np.log([known.get(month, known[max(known)]) for month in months])
    quarterly = path.reshape(-1, 3).mean(axis=1)
    return quarterly - quarterly[6]


def by_nutpie(priors):
    """The same posterior in PyMC, from README.md of the estimates and the table of priors.

    What figures speak of is listed by name in one vector, so that a figure is a sum over names.
    """

    def fixed(name):
        return priors.get(f"model_{name}", priors.get(name))[0]

    def own_error(kind, low=1.0, high=1.0):
        """A figure's own error, widened by its range as a central 80%."""
        half = np.log(high / low) / 2 / ndtri(0.5 + fixed("range_mass") / 2)
        return np.hypot(fixed(f"{kind}_error_sd"), half)

    half_years, middle = walk(6)
    years, _ = walk(12)
    ends, shut, opened = month_of(2017, 9), month_of(2020, 2), month_of(2023, 9)
    regimes = ("headcount", "repatriation", "shut", "reopened")
    regime_sd = np.array([fixed(f"{name}_step_sd") for name in regimes])
    sd = np.tile(regime_sd[np.searchsorted([ends, shut, opened], middle, side="right")], (2, 1))
    shared = np.full(sd.shape, fixed("host_correlation"))
    recruits = (middle > month_of(2024)) & (middle < month_of(2026))
    sd[RUSSIA, recruits] = fixed("recruiting_step_sd")
    shared[RUSSIA, recruits] = 0.0
    elapsed = (QUARTERS - ends) / (month_of(2019, 12, 22) - ends)
    going = (elapsed > 0) & (elapsed < 1)
    before, after = (np.tile(elapsed[part], (2, 1)) for part in (elapsed <= 0, elapsed >= 1))
    a, b = np.array([priors["remaining_share_CHN"], priors["remaining_share"]]).T
    by_month = straight(np.arange(MONTHS) + 0.5).T
    by_year = np.array(
        [[FIRST.year + month // 12 == year for year in YEARS] for month in range(MONTHS)]
    )
    days = [(2017, 12, 31), (2018, 1, 1), (2018, 12, 31), (2019, 12, 31), (2024, 1, 1)]
    on_days = straight([month_of(*day) for day in [*days, (2024, 12, 31)]]).T
    log, exp, sigmoid = pm.math.log, pm.math.exp, pm.math.sigmoid

    with pm.Model() as model:
        # headcount
        mean, spread = np.array([priors[f"model_level_{host}"] for host in HOSTS]).T
        level = pm.Normal("level", mean, spread)
        own = pm.Normal("own", 0, 1, shape=sd.shape)
        common = pm.Normal("common", 0, 1, shape=sd.shape[1])
        steps = sd * (np.sqrt(1 - shared) * own + np.sqrt(shared) * common)
        # the share that remains is a Beta, matched in logits
        mean, spread = digamma(a) - digamma(b), np.sqrt(polygamma(1, a) + polygamma(1, b))
        rho = sigmoid(pm.Normal("logit_rho", mean, spread))[:, None]
        gamma = exp(pm.Normal("log_gamma", 0, fixed("departure_haste_log_sd"), shape=2))[:, None]
        # nobody has left before, and all who leave are gone after
        course = [np.zeros_like(before), elapsed[going] ** gamma, np.ones_like(after)]
        left = 1 - (1 - rho) * pt.concatenate(course, axis=1)
        log_n = level[:, None] + pt.dot(steps, half_years.T) + log(left)
        # pay and share
        level = pm.Normal("omega", *priors["model_pay_level"], shape=(2, 1))
        own = pm.Normal("own_pay", 0, 1, shape=(2, years.shape[1]))
        common = pm.Normal("common_pay", 0, 1, shape=years.shape[1])
        steps = fixed("pay_step_sd") * own + fixed("common_pay_step_sd") * common
        rate = np.stack([dollars_per_yuan(), np.zeros(QUARTERS.size)])
        log_w = level + rate + pt.dot(steps, years.T)
        level = pm.Normal("common_share", *priors["share_logit"])
        steps = pm.Normal("share_steps", 0, fixed("share_step_sd"), shape=years.shape[1])
        delta = pm.Normal("delta", 0, fixed("host_share_logit_sd"), shape=(2, 1))
        logit_s = level + pt.dot(years, steps) + delta
        mean, spread = priors["paid_fraction"]
        paid = pm.Beta("paid", mu=mean, sigma=spread)

        # everything figures speak of, by name
        n = exp(pt.dot(log_n, by_month))
        gross = n * exp(pt.dot(log_w, by_month))
        take = gross * sigmoid(pt.dot(logit_s, by_month))
        with_world = np.vstack([np.eye(2), np.ones((1, 2))])
        # (kind, host or world, year): logs of means over the months of a year
        means = pt.dot(with_world, pt.dot(pt.stack([n, gross, take, gross - take]), by_year / 12))
        means = log(means.dimshuffle(1, 0, 2))
        names = [
            f"{kind} {host} {year}"
            for kind in ("n", "gross", "take", "left")
            for host in (*HOSTS, "WLD")
            for year in YEARS
        ]
        log_days = pt.dot(log_n, on_days)
        names += [f"day {host} {day}" for host in HOSTS for day in range(6)]
        stocks = exp(log_days[RUSSIA])
        stay = exp(pm.Normal("log_stay", *priors["stay_log_months"]))
        growth = (stocks[5] - stocks[4]) * 365.25 / 366
        flows = pt.stack([stocks[1] - stocks[2], growth + 12 / stay * exp(means[0, RUSSIA, 9])])
        # held above zero, softly at a tenth of the figure or at the least that stocks resolve
        least = np.array([1_500.0, 2_000.0])
        flows = log(least) + log(pm.math.log1pexp(flows / least))
        names += ["sent home", "arrivals"]
        others = [
            log(12 * paid),
            pm.math.log(sigmoid(pm.Normal("logit_psi", *priors["work_share_logit"]))),
            pm.Normal("log_c", *priors["crossings_log"]),
            pm.Normal("garment", 0, fixed("sector_sd")),
            pm.HalfNormal("above", fixed("above_floor_sd")),
            pm.HalfNormal("below", fixed("below_ceiling_sd")),
        ]
        names += ["paid", "psi", "crossings", "garment", "above", "below"]
        # one error per origin and quantity, their spread learnt
        errors = []
        for quantity, origins in ORIGINS.items():
            median, log_sd = priors[f"bias_sd_{quantity}"]
            tau = pm.LogNormal(f"tau_{quantity}", np.log(median), log_sd)
            errors.append(tau * pm.Normal(f"error_{quantity}", 0, 1, shape=len(origins)))
            names += [f"{quantity} by {origin}" for origin in origins]
        everything = pt.concatenate(
            [means.ravel(), log_days.ravel(), flows, pt.stack(others), *errors]
        )

        def sums(*figures):
            """Each a sum of named parts, those with a minus taken off."""
            matrix = np.zeros((len(figures), len(names)))
            for row, parts in zip(matrix, figures, strict=True):
                for part in parts.split(" + "):
                    row[names.index(part.removeprefix("-"))] += -1 if part[0] == "-" else 1
            return pt.dot(matrix, everything)

        people, flow, pay, share, total = (
            own_error(kind) for kind in ("headcount", "flow", "pay", "share", "total")
        )
        stated = [
            ("n CHN 2016 + headcount by press", people, np.log(50_000)),
            ("day CHN 3 + headcount by press", people, np.log(40_000)),
            ("n RUS 2015 + headcount by n3", people, np.log(40_000)),
            ("day RUS 0 + headcount by n4", people, np.log(30_000)),
            (
                "n WLD 2016 + headcount by n5",
                own_error("headcount", 70_000, 110_000),
                np.log(70_000 * 110_000) / 2,
            ),
            ("sent home + headcount by f1", flow, np.log(15_000)),
            ("arrivals + -psi + headcount by f2", flow, np.log(9_000 * 365.25 / 366)),
            ("n CHN 2015 + crossings + headcount by f3", people, np.log(90_000 * 365.25 / 365)),
            ("gross CHN 2016 + -n CHN 2016 + pay by press", pay, np.log(300)),
            (
                "gross RUS 2017 + -n RUS 2017 + pay by p2",
                own_error("pay", 500, 900),
                np.log(500 * 900) / 2,
            ),
            ("gross CHN 2022 + -n CHN 2022 + garment + pay by p3", pay, np.log(420)),
            ("left CHN 2018 + -n CHN 2018 + garment + pay by p4", pay, np.log(90)),
            ("take RUS 2016 + -n RUS 2016 + pay by p5", pay, np.log(6_000 / 12)),
            ("take CHN 2016 + -left CHN 2016 + share by s1", share, logit(0.7)),
            ("take WLD 2020 + -left WLD 2020 + share by s2", share, logit(0.8)),
        ]
        parts, sigma, value = zip(*stated, strict=True)
        pm.StudentT("stated", nu=6, mu=sums(*parts), sigma=np.array(sigma), observed=value)
        bounds = sums(
            "n CHN 2023 + headcount by n6 + -above", "n RUS 2021 + headcount by n7 + below"
        )
        pm.Normal("bounds", bounds, people, observed=np.log([60_000, 15_000]))
        room = (sums("n RUS 2016 + headcount by n8")[0] - np.log(38_000)) / people
        pm.Potential("part", pm.logcdf(pm.Normal.dist(0, 1), room))
        totals = ("take WLD 2016 + paid", "gross WLD 2017 + paid", "take WLD 2018 + paid")
        near = sums(
            *(f"{sum_} + total by {by}" for sum_, by in zip(totals, ORIGINS["total"], strict=True))
        )
        far = np.array([fixed(f"outlier_share{kind}") for kind in ("", "", "_implausible")])
        pm.Mixture(
            "totals",
            w=np.stack([1 - far, far], axis=1),
            comp_dists=[
                pm.StudentT.dist(nu=6, mu=near, sigma=total),
                pm.Normal.dist(sums(*totals), 1.5),
            ],
            observed=np.log([3.2e8, 3.0e8, 2.0e9]),
        )
        pm.Deterministic("take", means[2, 2] + log(12 * paid))
        pm.Deterministic("headcount", means[0, :2].ravel())
        # August holds a quarter's midpoint
        pm.Deterministic("pay", log_w[:, 2:44:4].ravel())
        pm.Deterministic("share", logit_s[:, 2:44:4].ravel())
    trace = nutpie.sample(
        nutpie.compile_pymc_model(model),
        draws=1500, tune=600, chains=4, cores=1, seed=7, progress_bar=False,
    )  # fmt: skip
    return {
        name: trace.posterior[name].to_numpy().reshape(6_000, -1)
        for name in ("take", "headcount", "pay", "share")
    }


def by_ours(reduced, priors):
    """The shipped sampler's draws of what is reported."""
    figures = labor_figures.read_labor_figures(reduced, "labor", first=FIRST, through=THROUGH)
    model = LaborModel(figures, priors, Setting("labor", HOSTS, True, "model_"))
    assert model.n_figures == reduced.height, model.reasons
    assert len(model.implausible) == 1
    effort = labor.Effort(chains=16, warmup=400, least_kept=12_800, least_ess=0)
    world = model.world(labor.fit_labor(model, draws=12_800, seed=7, effort=effort).theta)
    august = np.arange(len(YEARS)) * 12 + 7
    year = np.array([month.year for month in model.months])
    people = np.stack([world.headcount[:, :, year == at].mean(axis=2) for at in YEARS], axis=2)
    take = np.stack([world.take[:, :, year == at].sum(axis=(1, 2)) for at in YEARS], axis=1)
    return {
        "take": np.log(take),
        "headcount": np.log(people).reshape(12_800, -1),
        "pay": np.log(world.wage[:, :, august]).reshape(12_800, -1),
        "share": logit(world.share[:, :, august]).reshape(12_800, -1),
    }


def test_two_samplers_agree_within_monte_carlo_error(reduced):
    priors = labor_figures.prior_arguments(None)
    ours, theirs = by_ours(reduced, priors), by_nutpie(priors)
    # with some 4,000 effective draws each, a mean errs by 0.02 of a spread, an end by 0.05
    assert_same_posterior(ours, theirs, mean=0.1, ends=0.2, levels=(0.05, 0.5, 0.95))
