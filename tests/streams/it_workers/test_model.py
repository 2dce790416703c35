"""The density of IT workers against one written by hand, and its rules on made-up figures."""

import datetime as dt

import jax
import numpy as np
import pytest
from scipy.stats import norm, t

from pipelines.inference.joint import CLASSES, Joint
from pipelines.streams.it_workers import plain
from pipelines.streams.it_workers.figures import evidence
from tests.streams.people_ledger import RATES, laplace, ledger, priors, row, worlds_of

THROUGH = dt.date(2020, 12, 1)
FIGURES = ledger(
    row("n", "headcount", 4_000, 2018, counterpart_iso3="WLD"),
    row("firm", "headcount", 120, 2018, coverage="channel"),
    row("pay", "gross_wage", 3_000, 2018, unit="USD/month"),
    row("quota", "fee", 1_500, 2018, unit="USD/month", root_id="pay"),
    row("best", "gross_wage", None, 2018, high=20_000, kind="upper_bound", coverage="more"),
    row("share", "state_share", 0.8, 2018, kind="ratio"),
    row("sent", "state_share", 0.5, 2018, kind="ratio", concept="remitted_share"),
    row("money", "earnings_usd", 1e8, 2018, counterpart_iso3="WLD", concept="unsaid"),
    row("network", "earnings_usd", 2e6, 2018, coverage="channel", concept="unsaid"),
    # 24 months of ten people
    row("case", "earnings_usd", 2.4e6, 2017, unit="USD_cumulative", coverage="channel",
        window_end_on=dt.date(2018, 12, 31), persons=10, concept="gross_wages_usd"),
    row("goal", "earning_target", 9_000, 2018, unit="USD/month"),
)  # fmt: skip


@pytest.fixture(scope="module")
def joint():
    return Joint([evidence(FIGURES, priors("it_workers"), through=THROUGH, rates=RATES)])


def test_figures_enter_as_what_they_are(joint):
    one = joint.evidence["it_workers"]
    sites = dict(one.rows.select("observation_id", "site").iter_rows())
    assert sites == {
        "n": "headcount", "firm": "part", "pay": "per_worker", "quota": "per_worker",
        "share": "share", "sent": "share", "best": "most", "money": "total",
        "network": "part_of_total", "case": "group", "goal": None,
    }  # fmt: skip
    held = dict(one.rows.select("observation_id", "measure").iter_rows())
    assert (held["share"], held["sent"]) == ("state_share WLD", "remitted_share WLD")
    speaks_of = dict(one.rows.select("observation_id", "component").iter_rows())
    assert (speaks_of["share"], speaks_of["sent"], speaks_of["quota"]) == (
        "share", "reach", "reach",
    )  # fmt: skip
    assert dict(one.rows.select("observation_id", "role").iter_rows())["best"] == "more"
    # as printed: a bound of the best paid has no room below it
    assert np.exp(one.data["most"]["value"]) == pytest.approx(20_000)
    # 2.4 m over two years and ten people, a month
    assert np.exp(one.data["group"]["value"]) == pytest.approx(2.4e6 * 365.25 / 730 / 120)


def test_the_density_is_the_one_written_by_hand(joint):
    density = joint.density
    theta = np.random.default_rng(7).normal(0, 0.5, size=density.size)
    v = {name: value[0] for name, value in density.named(theta[None]).items()}
    log_p = sum(
        (t(4) if name.startswith("root/") else norm).logpdf(value).sum()
        for name, value in v.items()
    )
    p = priors("it_workers")
    g = joint.data["it_workers"]["figures"]

    def normal(name, of):
        return p[of][0] + p[of][1] * v[f"it_workers/{name}"]

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    knots, reference = 13, 8  # half-years from January 2015; January 2019

    def path(steps, stride):
        """The walk at every knot, nought at the reference."""
        each = np.repeat(steps / stride, stride)[: knots - 1]
        walk = np.concatenate([[0.0], np.cumsum(each)])
        return walk - walk[reference]

    n = np.exp(normal("level", "level") + path(p["step_sd"][0] * v["it_workers/step"], 1))
    pay = p["pay_stride_sd"][0] * v["it_workers/pay_step"]
    w = np.exp(normal("pay_level", "pay_level") + path(pay, 4))
    moved = p["share_stride_sd"][0] * v["it_workers/share_step"]
    s = sigmoid(normal("share_level", "share_logit") + path(moved, 4))
    k = sigmoid(normal("reach", "reach_logit"))
    paid = sigmoid(normal("paid_part", "paid_logit"))
    who = p["who_counts_sd"][0] * v["it_workers/who_counts"]
    mix = p["sector_mix_sd"][0] * v["it_workers/sector_mix"]
    caught = np.exp(normal("lean", "group_lean_log"))

    def year(values, first=6):
        return (values[first] + 2 * values[first + 1] + values[first + 2]) / 4

    def two_years(values):
        return (year(values, 4) + year(values, 6)) / 2

    def lean(group, name):
        at = joint.data["shared"]["groups"][f"it_workers.{group}"]
        place = list(at["roots"]).index(joint.roots.index(name))
        c = CLASSES.index("press")
        common = np.sqrt(0.5) * (v[f"class/it_workers.{group}"][c] + v["class/common"][c])
        return 0.25 * v[f"root/it_workers.{group}"][place] + at["class_sd"][c] * common

    def t4(site, at, centre):
        return t(4, centre, g[site]["error"][at]).logpdf(g[site]["value"][at])

    def floor(value, where):
        return np.log(0.05 + 0.95 * norm.cdf((where - np.log(value)) / 0.2))

    def cap(value, where):
        return np.log(0.05 + 0.95 * norm.cdf((np.log(value) - where) / 0.2))

    gross = n * w
    log_p += t4("headcount", 0, who + np.log(year(n)) + lean("headcount", "n"))
    log_p += floor(120, who + np.log(year(n)) + lean("headcount", "firm"))
    bias = lean("pay", "pay")
    log_p += t4("per_worker", 0, mix + np.log(year(gross) / year(n)) + bias)
    log_p += t4("per_worker", 1, mix + np.log(year(gross * s * k) / year(n)) + bias)
    log_p += cap(20_000, mix + np.log(year(gross) / year(n)) + lean("pay", "best"))
    group = mix + np.log(two_years(gross) / two_years(n)) + caught + lean("pay", "case")
    log_p += t4("group", 0, group)
    # in the order of their ids; logits
    for at, (name, of_gross) in enumerate([("sent", s * k), ("share", s)]):
        part = year(gross * of_gross) / year(gross)
        log_p += t4("share", at, np.log(part / (1 - part)) + lean("share", name))
    weights = np.exp(v["it_workers/means"])
    weights = weights / weights.sum()
    readings = [gross, gross * s, gross * s * k]
    log_p += np.log(
        sum(
            weight * np.exp(t4("total", 0, np.log(12 * paid * year(x)) + lean("total", "money")))
            for weight, x in zip(weights, readings, strict=True)
        )
    )
    log_p += floor(2e6, np.log(12 * paid * year(gross)) + lean("total", "network"))
    assert float(jax.jit(density.log_density)(theta, joint.data)) == pytest.approx(log_p, abs=1e-4)


def test_what_a_caught_group_earns_pulls_pay_up_but_by_its_own_lean(joint):
    """A group at 10,000 a head beside a quote of 3,000: most of the gap is its being caught."""
    knot = 6

    def pay(data):
        gross, _ = laplace(joint, "it_workers/gross_wages_usd", data)
        people, _ = laplace(joint, "it_workers/people", data)
        return gross[knot] - people[knot]

    alone, both = pay(joint.hidden(["case"])), pay(joint.data)
    gap = np.log(10_000) - np.log(3_000)
    assert 0 < both - alone < 0.4 * gap


def test_what_the_best_paid_earn_is_a_cap_and_no_quote(joint):
    """Far above pay it says nothing; below it, it pushes pay down to itself and no further."""

    def pay(data):
        gross, _ = laplace(joint, "it_workers/gross_wages_usd", data)
        people, _ = laplace(joint, "it_workers/people", data)
        return (gross - people)[6]

    without = pay(joint.hidden(["best"]))
    assert pay(joint.data) == pytest.approx(without, abs=0.005)
    data = joint.hidden([])
    figures = dict(data["it_workers"]["figures"])
    figures["most"] = figures["most"] | {"value": np.log([2_500.0])}
    data["it_workers"] = data["it_workers"] | {"figures": figures}
    assert np.log(2_500) - 0.2 < pay(data) < without - 0.02


def test_a_share_that_arrives_speaks_of_what_arrives(joint):
    """Said to be less, it lowers reach, and hardly what is withheld."""

    def shares(data):
        take, _ = laplace(joint, "it_workers/state_take_usd", data)
        gross, _ = laplace(joint, "it_workers/gross_wages_usd", data)
        remitted, _ = laplace(joint, "it_workers/remitted_usd", data)
        return np.exp((take - gross)[6]), np.exp((remitted - take)[6])

    data = joint.hidden([])
    figures = dict(data["it_workers"]["figures"])
    rows = figures["share"]
    figures["share"] = rows | {"value": rows["value"] - np.array([2.0, 0.0])}
    data["it_workers"] = data["it_workers"] | {"figures": figures}
    (taken, reach), (less_taken, less_reach) = shares(joint.data), shares(data)
    assert reach - less_reach > 3 * abs(taken - less_taken)


def test_a_network_is_no_more_than_a_floor_under_the_whole(joint):
    before, _ = laplace(joint, "it_workers/gross_wages_usd", joint.hidden(["network"]))
    after, _ = laplace(joint, "it_workers/gross_wages_usd", joint.data)
    assert after == pytest.approx(before, abs=0.02)
    data = joint.hidden([])
    figures = dict(data["it_workers"]["figures"])
    rows = figures["part_of_total"]
    figures["part_of_total"] = rows | {"value": np.log([1.6e8])}
    data["it_workers"] = data["it_workers"] | {"figures": figures}
    pushed, _ = laplace(joint, "it_workers/gross_wages_usd", data)
    # up to itself, by the softness of a floor
    assert before[6] + 0.02 < pushed[6] < np.log(1.6e8 / 12) + 0.2


def test_made_up_worlds_are_recovered(joint):
    """Twelve worlds drawn from the prior, figures and all; the fit's intervals hold the truth."""
    worlds = worlds_of(joint.density, 12, 2)
    z = []
    for world in range(12):
        data = joint.hidden(["firm", "network"])
        figures = dict(data["it_workers"]["figures"])
        for site in ("headcount", "per_worker", "group", "share", "total"):
            figures[site] = figures[site] | {"value": worlds[f"it_workers/{site}"][world]}
        data["it_workers"] = data["it_workers"] | {"figures": figures}
        mode, spread = laplace(joint, "it_workers/state_take_usd", data)
        truth = np.log(worlds["it_workers/state_take_usd"][world]).ravel()
        z += [(truth[at] - mode[at]) / np.sqrt(spread[at, at]) for at in (2, 7, 12)]
    z = np.array(z)
    assert (np.abs(z) < 1.645).mean() > 0.7
    assert 0.4 < z.std() < 1.7


def test_the_plain_estimate_multiplies_what_is_said():
    out = plain.estimate(FIGURES, priors("it_workers"), through=THROUGH, rates=RATES, seed=1)
    assert out is not None
    said = out.series["headcount WLD"][:, 42]
    # one root, one digit printed: its own error and no other
    assert np.median(said) == pytest.approx(4_000, rel=0.1)
    gross, take = (out.measures[name] for name in ("gross_wages_usd", "state_take_usd"))
    assert np.median(gross[:, 42]) == pytest.approx(4_000 * 3_000 * 0.86, rel=0.15)
    assert np.median(take / gross) == pytest.approx(0.8, abs=0.03)
    # on the reach that the prior gives: the logit 0.6 is 0.646
    sent = out.series["remitted_share WLD"][:, 42]
    assert np.median(sent) == pytest.approx(0.8 * 0.646, abs=0.03)
    hidden = plain.estimate(
        FIGURES, priors("it_workers"), through=THROUGH, rates=RATES, hidden=["n"], seed=1
    )
    assert hidden is not None
    assert np.median(hidden.series["headcount WLD"][:, 42]) == pytest.approx(3_500, rel=0.1)


@pytest.mark.parametrize("needed", ["pay", "share"])
def test_the_plain_estimate_is_not_made_without_pay_or_share(needed):
    """What arrives is no share withheld, and what the best paid earn is no pay."""
    made = plain.estimate(
        FIGURES, priors("it_workers"), through=THROUGH, rates=RATES, hidden=[needed], draws=10
    )
    assert made is None
