"""The algorithm: soft actor-critic, its networks, and the policy that comes of it."""
