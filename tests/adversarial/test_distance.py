"""The distance of made to real samples means what it says."""

import numpy as np
import pytest

from builder.adversarial.distance import diversity, frechet_distance, nearest
from builder.adversarial.noise import draw, path_between

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(4000, 3))


def test_equal_samples_have_no_distance() -> None:
    assert frechet_distance(FEATURES, FEATURES) == pytest.approx(0, abs=1e-9)


def test_the_distance_of_two_known_normal_distributions() -> None:
    # For diagonal covariances: squared distance of the means plus that of the standard deviations.
    moved = FEATURES * [1, 2, 1] + [3, 0, 0]
    assert frechet_distance(FEATURES, moved) == pytest.approx(9 + 1, rel=0.05)


def test_it_is_the_same_from_both_sides() -> None:
    other = RANDOM.normal(size=(500, 3)) @ RANDOM.normal(size=(3, 3))
    assert frechet_distance(FEATURES, other) == pytest.approx(frechet_distance(other, FEATURES))


def test_variety_falls_where_samples_are_alike() -> None:
    assert diversity(FEATURES * 0.1, FEATURES) == pytest.approx(0.1)
    assert diversity(np.zeros((10, 3)), FEATURES) == 0


def test_the_nearest_of_a_copy_is_itself() -> None:
    assert nearest(FEATURES[:5], FEATURES) == pytest.approx(np.zeros(5), abs=1e-3)


def test_the_same_seed_draws_the_same_noise() -> None:
    assert np.array_equal(draw((4,), 3, seed=5), draw((4,), 3, seed=5))
    assert not np.array_equal(draw((4,), 3, seed=5), draw((4,), 3, seed=6))


def test_the_way_between_two_draws_keeps_the_length_of_noise() -> None:
    start, end = draw((64,), 2, seed=1)
    way = path_between(start, end, 5)
    assert way[0] == pytest.approx(start, abs=1e-5)
    assert way[-1] == pytest.approx(end, abs=1e-5)
    lengths = np.linalg.norm(way, axis=1)
    assert lengths.min() > 0.9 * min(lengths[0], lengths[-1])
