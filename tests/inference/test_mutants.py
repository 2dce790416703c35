"""Faults put in on purpose: each must turn the check red that is there to see it."""

import numpy as np
import pytest
from numpyro.handlers import Messenger

from pipelines.inference import density as density_module
from pipelines.inference.evidence import Shared
from pipelines.inference.joint import Joint
from pipelines.streams.coal import record
from tests.inference import test_backtests, test_scores
from tests.streams import test_coal_record


def errors_tripled_in_predict(patch):
    class Tripled(Messenger):
        def process_message(self, msg):
            fn = getattr(msg.get("fn"), "base_dist", msg.get("fn"))
            if msg["type"] == "sample" and msg["is_observed"] and hasattr(fn, "scale"):
                msg["fn"] = type(fn)(loc=fn.loc, scale=3 * fn.scale)

    whole = density_module.uncondition
    patch.setattr(density_module, "uncondition", lambda model: whole(Tripled(model)))


def stream_shifted_by_a_world(patch):
    straight = Joint.sites_of

    def shifted(self, stream, sites):
        out = straight(self, stream, sites)
        return {name: np.roll(value, stream == "right", axis=0) for name, value in out.items()}

    patch.setattr(Joint, "sites_of", shifted)


def upper_quantile_of_wis_wrong(patch):
    # compiles when it is imported
    import scoringrules

    right = scoringrules.interval_score
    # the upper end taken where the lower is
    patch.setattr(
        scoringrules,
        "interval_score",
        lambda y, low, high, alpha, **k: right(y, low, low, alpha, **k),
    )


def cif_factor_dropped(patch):
    whole = record.record_draws

    def dropped(rows, windows, is_zero, priors, log_freight, *rest, **named):
        return whole(rows, windows, is_zero, priors, 0 * log_freight, *rest, **named)

    patch.setattr(record, "record_draws", dropped)


def class_error_dropped(patch):
    whole = Shared.leaning
    patch.setattr(Shared, "leaning", lambda self, group: whole(self, group, is_ratio=True))


@pytest.mark.parametrize(
    ("mutate", "check"),
    [
        (errors_tripled_in_predict, test_backtests.check_predictions_have_the_errors_written),
        (stream_shifted_by_a_world, test_backtests.check_same_draw_is_same_world),
        (upper_quantile_of_wis_wrong, test_scores.check_wis_of_a_miss_above),
        (cif_factor_dropped, test_coal_record.check_fob_is_cif_less_one_freight_a_world),
        (class_error_dropped, test_backtests.check_class_errors_move_all_of_a_class),
    ],
    ids=lambda one: one.__name__,
)
def test_each_mutant_turns_its_check_red(mutate, check, monkeypatch):
    check()
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        check()
