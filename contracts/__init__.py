"""Contracts with AWS: each assumption that no documentation settles, as a probe that AWS itself can answer.

A remark ``UNVERIFIED[some-id]`` in the code names the probe that asks. A probe has a setup (`contracts.setup`),
a question, the answer that the code expects, and a clean-up that survives a crash. `streamgov contracts` runs them
against the emulator or against an account.
"""
