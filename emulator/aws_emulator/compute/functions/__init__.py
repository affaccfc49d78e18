"""AWS Lambda: functions really run, each in a process of its own, from the bundle that was uploaded."""
