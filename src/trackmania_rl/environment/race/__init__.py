"""Races in real time: cars and what they sense, heats, leaderboard; ghosts, and drivers that do not learn."""
