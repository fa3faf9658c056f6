"""Agents of the service: who learns, who drives a car in a race, and how they compare."""
