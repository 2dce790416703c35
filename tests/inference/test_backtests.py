"""Predictions of hidden figures, plain rules and the stopped record, on a stream made up here."""

import datetime as dt
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import polars as pl
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from pipelines.inference import backtests
from pipelines.inference.folds import Fold, folds_of, run_resumable
from pipelines.inference.joint import Joint, Outcome
from pipelines.inference.sampler import Effort
from pipelines.inference.scores import backtest_table
from tests.inference import toy

SHORT = Effort(warmup=120, draws=200)


@pytest.fixture(scope="module")
def bench():
    ledger = toy.ledger()
    return backtests.Bench(toy.evidence(ledger), ledger, seed=1, full=SHORT, refit=SHORT, chains=16)


def fixed_world(joint, n=4_000):
    """One world n times over: all latents nought, so only a figure's own error is left."""
    return np.zeros((n, joint.density.size))


def check_predictions_have_the_errors_written():
    """In a world held fixed a figure is its concept and a t4 error of 0.1, by scipy's own t4."""
    joint = Joint([toy.evidence(toy.ledger())])
    said = joint.density.predict(fixed_world(joint), 1)["toy/amount"][:, 0]
    centre = np.log(12) + 10.0
    for chance in (0.05, 0.25, 0.75, 0.95):
        expected = centre + toy.OWN * student.ppf(chance, 4)
        assert np.quantile(said, chance) == pytest.approx(expected, abs=0.02)


def test_predictions_have_the_errors_written():
    check_predictions_have_the_errors_written()


def test_the_exact_chance_of_saying_less_is_scipys():
    joint = Joint([toy.evidence(toy.ledger())])
    at = joint.data["toy"]["figures"]["amount"]
    below = joint.density.below(fixed_world(joint, 1))["toy/amount"][0]
    by_hand = student.cdf((at["value"] - np.log(12) - 10.0) / toy.OWN, 4)
    assert below == pytest.approx(by_hand)


def check_class_errors_move_all_of_a_class():
    """Over prior worlds two outlets' figures of one year share a class error of sd 1.

    Variance by hand, logs: level .5², walk .3², class 1², root .2² x 2 (t4), own .1² x 2 (t4).
    """
    worlds = Joint([toy.evidence(toy.ledger())]).density.prior(4_000, 3)
    rows = toy.evidence(toy.ledger()).rows.filter(pl.col("site") == "amount").sort("at")
    first, second = (
        rows.filter(pl.col("observation_id") == name)["at"].item()
        for name in ("f-4-2018", "f-8-2018")
    )
    said = worlds["toy/amount"]
    whole = 0.25 + 0.09 + 1 + 0.08 + 0.02
    assert said[:, first].std() == pytest.approx(whole**0.5, rel=0.05)
    shared = np.corrcoef(said[:, first], said[:, second])[0, 1]
    assert shared == pytest.approx((0.25 + 0.09 + 1) / whole, abs=0.03)


def test_sums_arranged_for_speed_are_the_plain_ones(bench):
    density, hidden = bench.joint.density, bench.joint.hidden(["f-3-2021", "f-floor"])
    theta = np.random.default_rng(5).normal(size=density.size)
    found = {}
    for data in (bench.joint.data, hidden):
        fast, plain = (
            [np.asarray(part) for part in jax.jit(jax.value_and_grad(of))(theta, data)]
            for of in (density.log_density, density.plain_log_density)
        )
        np.testing.assert_allclose(fast[0], plain[0], rtol=1e-12)
        np.testing.assert_allclose(fast[1], plain[1], rtol=1e-9, atol=1e-9)
        found[id(data)] = float(fast[0])
    assert len(set(found.values())) == 2


def test_class_errors_move_all_of_a_class():
    check_class_errors_move_all_of_a_class()


def check_same_draw_is_same_world():
    """Two streams that hear one root: its bias is one number in draw i of both."""
    ledger = toy.ledger()
    joint = Joint([toy.evidence(ledger, "left"), toy.evidence(ledger, "right")])
    theta = np.random.default_rng(1).normal(size=(40, joint.density.size))
    outputs = joint.density.outputs(theta)
    left, right = (joint.sites_of(name, outputs) for name in ("left", "right"))
    # half a root's variance is common to all it says
    every = joint.density.named(theta)["root/common"]
    own = {side: joint.density.named(theta)[f"root/{side}.amount"] for side in ("left", "right")}
    for side, sites in (("left", left), ("right", right)):
        by_hand = toy.ROOT * (0.5**0.5 * own[side] + 0.5**0.5 * every)
        assert sites["common"] == pytest.approx(by_hand)


def test_same_draw_is_same_world():
    check_same_draw_is_same_world()


def test_a_hidden_figure_is_predicted_as_if_never_told(bench):
    """A figure hidden moves nothing: made absurd, its own prediction stays as it was."""
    hidden = frozenset({"f-3-2021", "f-3-2018"})
    said = backtests.predicted(bench, hidden, seed=5)["amount"]
    ledger = toy.ledger().with_columns(
        central=pl.when(pl.col("observation_id").is_in(list(hidden)))
        .then(pl.col("central") * 1_000)
        .otherwise("central")
    )
    other = Joint([toy.evidence(ledger)])
    samples = bench.sampler.sample(
        seed=5, effort=SHORT, data=other.hidden(hidden), start=bench.fitted
    )
    again = other.density.predict(samples.thinned(len(said)), 5, other.hidden(hidden))
    assert again["toy/amount"] == pytest.approx(said)


def test_a_warm_start_answers_as_a_cold_one(bench):
    hidden = bench.joint.hidden({"f-3-2021", "f-3-2018"})
    warm = bench.sampler.sample(seed=2, effort=SHORT, data=hidden, start=bench.fitted)
    cold = bench.sampler.sample(seed=3, effort=Effort(warmup=300, draws=200), data=hidden)
    where, _, _ = bench.joint.density.latent["toy/z"]
    for at in range(where.start, where.stop):
        one, two = warm.theta[..., at], cold.theta[..., at]
        assert one.mean() == pytest.approx(two.mean(), abs=0.2)
        assert one.std() == pytest.approx(two.std(), rel=0.2)


def test_cases_of_a_fold_carry_their_figure(bench):
    fold = next(
        one for one in folds_of(bench.figures, toy.LAST) if one.test == "leave_one_root_out"
    )
    cases = backtests.score_fold(bench, fold, seed=1)
    assert cases["model"].unique().sort().to_list() == [
        "density",
        "last_value",
        "log_interpolation",
    ]
    ours = cases.filter(pl.col("model") == "density")
    assert ours["observation_id"].to_list() == list(fold.scored)
    assert ours["era"].to_list() == ["ban", "ban"]
    stated = toy.ledger().filter(pl.col("observation_id").is_in(list(fold.scored)))["central"]
    assert ours["stated"].to_list() == pytest.approx(stated.to_list())
    # all the others stand within a third of it, and the desk's class error alone is 1 in logs
    assert (ours["q05"] < stated).all()
    assert (ours["q95"] > stated).all()
    assert (ours["q95"] / ours["q05"] > np.exp(2 * 1.645)).all()


def series(days, values, roots):
    n = len(days)
    return pl.DataFrame(
        {
            "site": ["amount"] * n,
            "quantity": ["income_usd"] * n,
            "counterpart_iso3": ["WLD"] * n,
            "root_id": roots,
            "observation_id": [f"f{i}" for i in range(n)],
            "middle": [dt.date(2018, 1, 1) + dt.timedelta(day) for day in days],
            "value": [float(value) for value in values],
            "log_size": [0.0] * n,
        }
    )


def test_what_is_stored_is_not_sampled_again(bench, tmp_path, monkeypatch):
    """A second run of a finished suite compiles and samples nothing."""
    chosen = [one for one in folds_of(bench.figures, toy.LAST) if one.test == "leave_class_out"]
    key = bench.joint.density.fingerprint()

    def score(of):
        return run_resumable(
            chosen, lambda fold: backtests.score_fold(of, fold, seed=1),
            key=key, prefix="toy", store=tmp_path,
        )  # fmt: skip

    first = score(bench)

    def sampled(*_, **__):
        raise AssertionError("sampled")

    monkeypatch.setattr(backtests, "Sampler", sampled)
    ledger = toy.ledger()
    again = backtests.Bench(toy.evidence(ledger), ledger, seed=1)
    assert again.joint.density.fingerprint() == key
    assert score(again).equals(first)
    # one figure more or another prior is another density
    other = toy.evidence(toy.ledger(8))
    assert backtests.Bench(other, ledger, seed=1).joint.density.fingerprint() != key


def test_a_plain_estimate_is_scored_on_the_same_figures_with_their_own_error(bench):
    """Twelve months at 20,000 in every world: only the figure's own error, 0.1, is left."""
    fold = next(one for one in folds_of(bench.figures, toy.LAST) if one.name == "root-1")
    asked = []

    def plain(hidden, draws, seed):
        asked.append(hidden)
        return Outcome({"income_usd": np.full((draws, len(bench.evidence.months)), 20_000.0)})

    cases = backtests.score_plain(bench, fold, plain, seed=1)
    assert asked == [sorted(fold.hidden)]
    assert cases.select("model", "observation_id").rows() == [("plain", id) for id in fold.scored]
    assert cases["q50"].to_list() == pytest.approx([240_000.0] * len(cases), rel=0.02)
    assert cases["q95"].to_list() == pytest.approx(
        [240_000 * np.exp(0.1645)] * len(cases), rel=0.02
    )
    # 277,200 was told: one and a half errors above, outside the half of worlds in the middle
    assert set(cases["is_covered_50"]) == {False}


def test_a_plain_estimate_that_cannot_be_made_is_left_out_and_counted(bench):
    chosen = [one for one in folds_of(bench.figures, toy.LAST) if one.test == "leave_one_root_out"]
    stuck, made = chosen[:2]

    def plain(hidden, draws, seed):
        if hidden == sorted(stuck.hidden):
            return None
        return Outcome({"income_usd": np.full((draws, len(bench.evidence.months)), 20_000.0)})

    assert backtests.score_plain(bench, stuck, plain, seed=1).is_empty()
    cases = [backtests.score_plain(bench, fold, plain, seed=1) for fold in (stuck, made)]
    cases += [backtests.score_fold(bench, fold, seed=1) for fold in (stuck, made)]
    table = backtest_table(pl.concat(cases)).filter(
        pl.col("era") == "after_ban", pl.col("quantity") == "all"
    )
    counted = {row["model"]: (row["n"], row["n_not_made"]) for row in table.iter_rows(named=True)}
    # two figures in each fold
    assert counted["density"] == (4, 0)
    assert counted["plain"] == (2, 2)


def test_plain_rules_by_hand():
    shown = series([0, 100, 200], [1, 2, 3], ["a", "b", "c"])
    target = series([150], [0], ["d"])
    drawn = backtests.plain_rules(shown, target, 4_000, np.random.default_rng(1))
    # last value 2; left out one by one it misses by 1-2, 2-1, 3-2: -1 once, +1 twice
    assert drawn["last_value"].mean() == pytest.approx(2 + 1 / 3, abs=0.05)
    assert np.sort(np.unique(drawn["last_value"].round())).tolist() == [1.0, 3.0]
    # between 2 and 3; it misses by 1-2, 2-2, 3-2
    assert drawn["log_interpolation"].mean() == pytest.approx(2.5, abs=0.05)


def test_a_rule_takes_no_echo_for_a_test_of_itself():
    shown = series([0, 1, 100, 101, 200, 201], [1, 1, 2, 2, 3, 3], ["a", "a", "b", "b", "c", "c"])
    drawn = backtests.plain_rules(
        shown, series([150], [0], ["d"]), 2_000, np.random.default_rng(1)
    )["log_interpolation"]
    # the neighbour of the same root would make every error nought
    assert drawn.std() > 0.5


def test_a_rule_that_is_shown_nothing_of_the_kind_says_nothing(bench):
    other = series([0], [1], ["a"]).with_columns(quantity=pl.lit("price"))
    drawn = backtests.plain_rules(other, series([150], [0], ["d"]), 10, np.random.default_rng(1))
    assert np.isnan(drawn["last_value"]).all()
    # one site holds every figure of the toy: hidden, no rule has anything to go by
    whole = bench.figures.filter(pl.col("site") == "amount", pl.col("role") == "whole")
    ids = whole["observation_id"].sort()
    cases = backtests.score_fold(bench, Fold("test", "all", frozenset(ids), tuple(ids)), seed=1)
    assert set(cases["model"]) == {"density"}
    assert cases["observation_id"].to_list() == ids.to_list()


def test_shares_come_back_as_shares():
    stated = np.array([0.75, 0.83, 0.99, 200.0, 0.75])
    told = ("state_share", "discount_share", "state_share", "price_usd_per_t", "state_share")
    # the last is a bound, scored by its room above what it states
    value = [np.log(3.0), np.log(0.17), np.log(0.98 / 0.02), 5.0, np.log(3.0) + 0.7]
    to_unit = backtests._unit_of(pl.DataFrame({"value": value, "stated": stated, "quantity": told}))
    assert to_unit(np.array(value)) == pytest.approx([0.75, 0.83, 0.98, 200.0, 0.75])
    moved = to_unit(np.array(value) + np.log(2))
    assert moved == pytest.approx([6 / 7, 1 - 0.34, 98 / 99, 400.0, 6 / 7])


KINDS = pl.DataFrame(
    [
        ("score", None, None, None, "cif_usd", *[None] * 8),
        ("keep", "price", "press", None, None, *[None] * 8),
        ("make", "export_t", None, "t", "tonnes", 2.0, 12, 24, 0.5, 0.5, 0.0, 0.0, 0.0),
    ],
    schema=[
        "rule",
        "quantity",
        "class",
        "like",
        "measure",
        "per",
        "months",
        "every",
        "seen_low",
        "seen_high",
        "class_sd",
        "root_sd",
        "error_sd",
    ],
    orient="row",
)
MONTHS = pl.date_range(dt.date(2009, 1, 1), backtests.STOP_THROUGH, "1mo", eager=True).to_list()


def stopped_ledger():
    rows = [
        ("record", "export_t", "customs", 2011),
        ("later", "export_t", "customs", 2013),
        ("told", "export_t", "press", 2013),
        ("quote", "price", "press", 2013),
        ("unit-value", "price", "customs", 2013),
        ("world", "reference_price", "official", 2014),
        ("t", "export_t", "desk", 2020),
    ]
    return pl.DataFrame(
        rows, schema=["observation_id", "quantity", "class", "year"], orient="row"
    ).select(
        pl.exclude("year"),
        root_id="observation_id",
        origin_id="observation_id",
        window_start_on=pl.date("year", 1, 1),
        window_end_on=pl.date("year", 12, 31),
        low=pl.lit(None, dtype=pl.Float64),
        central=pl.lit(7.0),
        high=pl.lit(None, dtype=pl.Float64),
        is_usable=pl.lit(False),
        stated_year=pl.lit(2024, dtype=pl.Int64),
        assumed_price_usd_per_t=pl.lit(90.0),
        reason_not_used=pl.lit("held back"),
    )


def test_a_stopped_record_leaves_quotes_and_what_is_made_from_the_truth():
    truth = {"tonnes": np.arange(len(MONTHS), dtype=float)}
    left = backtests.stopped(
        stopped_ledger(), KINDS, truth, MONTHS, dt.date(2012, 12, 31), np.random.default_rng(1)
    )
    made = left.filter(pl.col("observation_id").str.starts_with("made"))
    assert left.filter(~pl.col("observation_id").str.starts_with("made"))[
        "observation_id"
    ].to_list() == ["quote", "record", "world"]
    # months 48-59 and 72-83 of 2013 and 2015 sum to 642 and 930; half is seen, by twos
    assert made["central"].to_list() == pytest.approx([642 / 4, 930 / 4], rel=0.005)
    assert made["window_start_on"].to_list() == [dt.date(2013, 1, 1), dt.date(2015, 1, 1)]
    assert made["window_end_on"].to_list() == [dt.date(2013, 12, 31), dt.date(2015, 12, 31)]
    assert made["root_id"].n_unique() == 1
    assert made["is_usable"].all()
    for bare in ("stated_year", "assumed_price_usd_per_t", "reason_not_used"):
        assert made[bare].null_count() == 2


def test_made_up_errors_are_common_to_class_and_root():
    kinds = KINDS.with_columns(
        class_sd=pl.when(pl.col("rule") == "make").then(1.0), error_sd=pl.lit(0.01)
    )
    truth = {"tonnes": np.ones(len(MONTHS))}
    logs = np.array(
        [
            np.log(
                backtests.stopped(
                    stopped_ledger(), kinds, truth, MONTHS, dt.date(2012, 12, 31),
                    np.random.default_rng(seed),
                ).filter(pl.col("root_id").str.starts_with("made"))["central"]
            )
            for seed in range(200)
        ]
    )  # fmt: skip
    assert logs.std(axis=0) == pytest.approx(1.0, abs=0.15)
    assert np.corrcoef(logs.T)[0, 1] > 0.99


def test_a_kind_that_imitates_nothing_is_said():
    with pytest.raises(backtests.StopError, match=r"record_stop\.csv makes rows like t"):
        backtests.stopped(
            stopped_ledger().filter(pl.col("observation_id") != "t"), KINDS,
            {"tonnes": np.ones(len(MONTHS))}, MONTHS, dt.date(2012, 12, 31),
            np.random.default_rng(1),
        )  # fmt: skip


def told_nothing(figures, priors, shared):
    """Income is known by heart: 22,000 a month, each year a tenth more, of log sd 0.5."""
    z: Any = numpyro.sample("z", dist.Normal(jnp.zeros(1), 1.0))
    rate = 22_000 * 1.1 ** figures["year"] * jnp.exp(0.5 * z[0])
    numpyro.deterministic("months/income_usd", rate)


def test_a_stop_scores_yearly_income_against_the_whole_record(bench, monkeypatch):
    monkeypatch.setattr(backtests, "STOP_THROUGH", dt.date(2021, 12, 1))
    monkeypatch.setattr(backtests, "REPLICATES", 2)
    kinds = pl.DataFrame(
        [
            ("score", None, None, None, "income_usd", None, None, None, *[None] * 5),
            ("make", "income_usd", None, "f-1-2020", "income_usd", 1.0, 12, 12, 1, 1, 0, 0, 0),
        ],
        schema=KINDS.schema,
        orient="row",
    )
    bare = pl.lit(None, dtype=pl.Float64).alias("assumed_price_usd_per_t")
    ledger = toy.ledger().with_columns(
        bare, reason_not_used=pl.lit(None, dtype=pl.String), stated_year=pl.lit(2022),
        origin_id="root_id", is_usable=pl.lit(True),
    )  # fmt: skip
    asked = []

    def read(stopped, *, last_recorded, through):
        asked.append((stopped, last_recorded, through))
        return replace(toy.evidence(ledger), model=told_nothing)

    stop = dt.date(2019, 12, 31)
    fold = Fold("record_stop", "2019", frozenset(), (str(stop),))
    stopped_bench = replace(bench, observations=ledger)
    rate = np.repeat([20_000 * 1.4**at for at in range(4)], 12)
    stopped_bench.__dict__["truth"] = {"income_usd": rate}
    cases = backtests.score_stop(read, kinds, stopped_bench, fold, seed=3)

    assert [of[1:] for of in asked] == [(stop, dt.date(2021, 12, 1))] * 2
    for stopped, *_ in asked:
        after = stopped.filter(pl.col("window_end_on") > stop)
        assert after["root_id"].to_list() == ["made-0"] * 2
        assert after["central"].to_list() == pytest.approx([12 * 39_200, 12 * 54_880], rel=0.005)
        assert stopped.height - after.height == (ledger["year"] < 2020).sum()
    assert cases["root_id"].to_list() == ["2019 2020", "2019 2021"] * 2
    assert cases["quantity"].unique().to_list() == ["income_usd"]
    assert cases["observation_id"].n_unique() == 4
    # scipy's own normal: where the whole record lies among incomes known by heart
    for year, place in cases.select(pl.col("root_id").str.slice(5).cast(int), "quantile").rows():
        off = np.log(20_000 * 1.4 ** (year - 2018)) - np.log(22_000 * 1.1 ** (year - 2018))
        assert place == pytest.approx(norm.cdf(off / 0.5), abs=0.05)


def test_five_stops_before_the_ban():
    stops = [dt.date.fromisoformat(fold.scored[0]) for fold in backtests.stop_folds()]
    assert len(stops) == 5
    assert all(dt.date(2011, 1, 1) <= stop < backtests.STOP_THROUGH for stop in stops)
    assert isinstance(backtests.stop_folds()[0], Fold)


def test_the_last_figure_known_is_of_an_earlier_day():
    days, logs = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    assert backtests._last(days, logs, 3.0) == 20.0
    assert backtests._last(days, logs, 3.5) == 30.0
    # with nothing before it there is but the first
    assert backtests._last(days, logs, 1.0) == 10.0
