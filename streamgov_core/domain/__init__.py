"""What runs in the domain account."""
