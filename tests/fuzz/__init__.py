"""Damaged files for every reader: `make fuzz`, or `PYTHONPATH=tests:src python -m fuzz --help`.

`seeds*` write small good files, `mutations` and `archives` damage them, `readers` says which code reads what,
`judge` tells right from wrong, and `workers` runs it all in processes that may die. An input is made of the
seed, the reader's name and a number, so that each can be made again.
"""
