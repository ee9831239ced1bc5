from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import InvalidValueError
from registry.media import MediaLimits, SamplingPlan
from registry.media.sampling import Sampler, fit
from tests.media_samples import textured

PIXEL = np.zeros((1, 1, 3), np.uint8)


def kept_times(times: list[float], plan: SamplingPlan) -> list[float]:
    sampler = Sampler(plan)
    for t_s in times:
        if sampler.wants(t_s):
            sampler.keep(t_s, PIXEL)
    return [t_s for t_s, _ in sampler.kept]


def first_of_each_cell(times: list[float], interval_s: float) -> list[float]:
    first: dict[int, float] = {}
    for t_s in times:
        first.setdefault(int((t_s + 1e-6) / interval_s), t_s)
    return list(first.values())


def test_a_short_clip_is_sampled_twice_a_second() -> None:
    times = [index / 30 for index in range(91)]
    assert kept_times(times, SamplingPlan()) == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3])


def test_a_clip_of_ten_minutes_is_sampled_every_eight_seconds() -> None:
    kept = kept_times([index / 5 for index in range(3000)], SamplingPlan())
    assert kept == pytest.approx([8 * index for index in range(75)])


@given(
    st.lists(st.floats(0, 500), min_size=1, max_size=300).map(sorted),
    st.integers(1, 20),
    st.sampled_from([0.25, 0.5, 1.0]),
)
def test_sampling_in_one_pass_gives_what_the_final_interval_gives(
    times: list[float], most: int, interval_s: float
) -> None:
    kept = kept_times(times, SamplingPlan(interval_s=interval_s, max_frames=most))
    while len(first_of_each_cell(times, interval_s)) > most:
        interval_s *= 2
    assert kept == first_of_each_cell(times, interval_s)


def test_a_picture_is_made_smaller_and_never_larger() -> None:
    assert fit(textured(1, 100, 200), 50).shape == (25, 50, 3)
    assert fit(textured(1, 100, 200), 200).shape == (100, 200, 3)
    assert fit(textured(1, 1, 2000), 100).shape == (1, 100, 3)


@pytest.mark.parametrize("make", [lambda: MediaLimits(cpu_s=0), lambda: SamplingPlan(interval_s=-1)])
def test_a_limit_that_lets_nothing_through_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(InvalidValueError):
        make()
