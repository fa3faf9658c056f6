"""Weather over time, on the tyres and in the LIDAR."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackmania_rl.environment.simulator import weather
from trackmania_rl.environment.simulator.environment import TrackVectorEnv
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.protocol.errors import InputError

FLAT_OUT = np.array([[1.0, -1.0, 0.0]], np.float32)


def test_a_road_gets_wet_in_the_rain_and_dries_afterwards() -> None:
    wetness = weather.forecast("dry, rain@10, dry@60").at(np.arange(0.0, 400.0, 5.0))[:, weather.WETNESS]
    assert (wetness[:3] == 0).all()
    assert (np.diff(wetness[2:13]) > 0).all()
    assert (np.diff(wetness[12:]) < 0).all()
    assert wetness[12] > 0.7
    assert wetness[-1] < 0.01


def test_a_change_is_over_after_its_time() -> None:
    """From then on the sky is the new one's; the road takes longer."""
    sky = [name for name in weather.COLUMNS if name != "wetness"]
    forecast = weather.forecast("rain, storm@20, night@40")
    for name, time in (("rain", 19.0), ("storm", 20.0 + weather.BLEND), ("night", 40.0 + weather.BLEND)):
        for column in sky:
            now = getattr(forecast.weather(time), column)
            assert now == pytest.approx(getattr(weather.PRESETS[name], column), abs=1e-3)


def test_rain_that_fell_before_the_start_has_wet_the_road() -> None:
    assert weather.forecast("rain").weather(0.0).wetness == pytest.approx(np.sqrt(0.6), abs=1e-3)


@given(time=st.floats(0.0, 300.0), more=st.floats(0.001, 0.1))
def test_weather_never_jumps(time: float, more: float) -> None:
    forecast = weather.forecast("dry, storm@20, night@22, dry@100")
    now, then = forecast.at([time, time + more])
    assert np.abs(then - now).max() <= 30.0 * more / weather.BLEND + 1e-4


@pytest.mark.parametrize("text", ["", "hail", "dry, rain", "dry@5", "dry, rain@30, fog@20", "dry, rain@x"])
def test_a_bad_forecast_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(InputError, match="expected"):
        weather.forecast(text)


def test_a_storm_takes_grip_and_brings_wind() -> None:
    env = TrackVectorEnv(1, track="oval", weather="storm")
    env.reset(seed=0)
    env.step(FLAT_OUT)
    state = env.simulator.fields()[:, 0]
    assert state[Field.GRIP] == pytest.approx(0.75, abs=1e-3)
    assert (state[Field.WIND_X], state[Field.WIND_Z]) == (14.0, -8.0)


def test_fog_and_rain_shorten_and_disturb_the_lidar() -> None:
    scan = np.full((1000, 19), 60.0, np.float32)
    random = np.random.default_rng(0)
    fog = np.tile(weather.forecast("fog").at(0.0), (1000, 1))
    rain = np.tile(weather.forecast("rain").at(0.0), (1000, 1))
    assert weather.visibility(fog[:1, weather.FOG])[0] == pytest.approx(1000 * 0.03**0.75)
    assert (weather.blurred(scan + 20.0, fog, 150.0, random) == 150.0).all()
    assert (weather.blurred(scan - 20.0, fog, 150.0, random) == 40.0).all()
    rainy = weather.blurred(scan, rain, 150.0, random)
    lost = rainy == 150.0
    assert lost.mean() == pytest.approx(0.6 * weather.RAIN_DROPOUTS, abs=0.005)
    assert rainy[~lost].std() == pytest.approx(60.0 * 0.6 * weather.RAIN_NOISE, rel=0.05)


def test_the_weather_is_observed_only_if_asked() -> None:
    plain = TrackVectorEnv(2, track="oval", weather="rain")
    told = TrackVectorEnv(2, track="oval", weather="rain", weather_observation=True)
    assert plain.single_observation_space.shape == (83,)
    assert told.single_observation_space.shape == (89,)
    observation, _ = told.reset(seed=0)
    assert observation[0, -6:] == pytest.approx(weather.forecast("rain").at(0.0)[0])
    assert told.observation_space.contains(told.step(np.zeros((2, 3), np.float32))[0])


def test_any_weather_repeats_with_its_seed() -> None:
    def drive() -> np.ndarray:
        env = TrackVectorEnv(8, track="oval", weather="any")
        env.reset(seed=3)
        return np.stack([env.step(np.tile(FLAT_OUT, (8, 1)))[0] for _ in range(20)])

    assert drive().tobytes() == drive().tobytes()
