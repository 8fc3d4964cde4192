"""The workloads of `autodidact bench`, a file for each family: NAME.py in PyTorch, NAME_jax.py in JAX. See
bench/peers/workloads.py."""
