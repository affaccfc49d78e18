"""How a deployment is: its parts in every account, its grants, alarms, runs, and documents near their limits."""
