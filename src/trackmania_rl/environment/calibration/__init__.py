"""How true the car is: recorded drives, driven again by the simulator, and the fit of its numbers to them."""
