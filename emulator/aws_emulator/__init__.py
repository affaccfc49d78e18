"""AWS on one machine, for people and tests: moto plus what moto lacks. Nothing in the product imports it."""
