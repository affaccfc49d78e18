"""What runs customers' code and moves their events: Lambda, Step Functions, EventBridge and its Scheduler.

``install`` registers the operations that moto cannot serve (Invoke, executions, deliveries) and extends moto's own
backends for the rest.
"""

from aws_emulator.compute.install import install

__all__ = ["install"]
