"""AWS Step Functions: an interpreter of the Amazon States Language and the operations on its executions.

moto keeps the state machines; executions are ours. moto's own interpreter was tried first and left: its tasks cannot be
interrupted (StopExecution waits for the task's end), a machine's time-out leaves the running state going, failed
executions report no cause for an abort, and every wait is in real time.
"""
