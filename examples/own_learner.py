"""A learner of one's own: the cross-entropy method finds a linear policy, with a world for each candidate.

Try:
    python examples/own_learner.py --track oval --generations 12
"""

import argparse

import gymnasium
import numpy as np

import trackmania_rl.environment.registration  # noqa: F401  # registers TrackMania/...

CANDIDATES, ELITE = 256, 24


def drive(worlds, candidates):
    """An episode of each candidate (worlds, 3, features + 1): returns, and laps [s], nan without a finish."""
    observation, _ = worlds.reset(seed=0)
    returns, laps = np.zeros(CANDIDATES), np.full(CANDIDATES, np.nan)
    running = np.ones(CANDIDATES, bool)
    weights, bias = candidates[:, :, :-1], candidates[:, :, -1]
    while running.any():
        action = np.tanh(np.einsum("nij,nj->ni", weights, observation) + bias)
        observation, reward, terminated, truncated, info = worlds.step(action)
        returns += reward * running
        ended = running & (terminated | truncated)
        if ended.any():
            finished = ended & info["final_info"]["finished"]
            laps[finished] = info["final_info"]["lap_time"][finished]
        running &= ~ended
    return returns, laps


def learn(track, generations):
    """Narrow a distribution of policies around the best of each generation; returns the best lap [s]."""
    worlds = gymnasium.make_vec(
        "TrackMania/Horizon-v0", num_envs=CANDIDATES, vectorization_mode="vector_entry_point", track=track
    )
    random = np.random.default_rng(0)
    mean = np.zeros((3, worlds.single_observation_space.shape[0] + 1))
    mean[0, -1] = 1.0  # gas
    spread, best = np.full_like(mean, 0.5), np.inf
    for generation in range(generations):
        candidates = mean + spread * random.standard_normal((CANDIDATES, *mean.shape))
        returns, laps = drive(worlds, candidates)
        elite = candidates[np.argsort(returns)[-ELITE:]]
        mean, spread = elite.mean(axis=0), elite.std(axis=0) + 0.02
        best = np.fmin.reduce(laps, initial=best)
        finishers = np.isfinite(laps).sum()
        print(f"generation {generation}: {finishers} of {CANDIDATES} finish, best lap {best:.2f} s")
    worlds.close()
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--track", default="oval")
    parser.add_argument("--generations", type=int, default=12)
    learn(**vars(parser.parse_args()))
