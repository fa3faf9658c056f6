"""`python -m trackmania_rl.environment.simulator` compiles the kernels: then the first race starts fast."""

import time

import warp as wp

from trackmania_rl.environment.simulator import advance, camera, cars, lidar, occlusion, screen, sensors

for device in ("cpu", *(["cuda"] if wp.is_cuda_available() else [])):
    began = time.monotonic()
    for module in (advance, cars, lidar, occlusion, sensors, camera, screen):
        wp.load_module(module.__name__, device=device)
    print(f"{device}: ready after {time.monotonic() - began:.1f} s")
