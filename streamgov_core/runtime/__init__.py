"""What every function needs to run: AWS clients, translated API errors, logs, records in Parameter Store."""
