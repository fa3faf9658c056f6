"""`python -m trackmania_rl.environment.simulator` compiles the kernels: then the first race starts fast."""

import time

import warp as wp

from trackmania_rl.environment.simulator.simulator import warm_up

for device in ("cpu", *(["cuda"] if wp.is_cuda_available() else [])):
    began = time.monotonic()
    warm_up(device)
    print(f"{device}: ready after {time.monotonic() - began:.1f} s")
