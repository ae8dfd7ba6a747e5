"""Measurements. `make bench` runs all of them; `python -m bench NAME` runs one."""
