"""What probes stand on."""
