"""A stand-in for the ``aws`` resource plugin of Pulumi, for machines that cannot download the real one.

It serves exactly the ``aws:*`` types that the program uses, against the emulator and nothing else. What it proves: the
program's graph, order, inputs, steady state, and that each resource works with the rest. What it cannot prove: the
real provider's defaults and its rules of what forces a replacement, which are written here from its documentation.
"""
