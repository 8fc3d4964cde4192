"""The workloads of `autodidact bench` in PyTorch, a file for each family. See bench/peers/workloads.py."""
