"""How often one client may do something."""

from __future__ import annotations

from trackmania_rl.protocol.rate import CLIENTS_MAX, Rate


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_again() -> None:
    clock = Clock()
    rate = Rate(2.0, 3.0, clock)
    assert [rate.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert rate.take("b") == 0.0
    clock.now = 0.5
    assert [rate.take("a"), rate.take("a")] == [0.0, 0.5]


def test_many_clients_take_no_memory() -> None:
    clock = Clock()
    rate = Rate(1.0, 2.0, clock)
    for number in range(CLIENTS_MAX + 10):
        clock.now += 0.01
        rate.take(str(number))
    assert len(rate._buckets) <= CLIENTS_MAX
