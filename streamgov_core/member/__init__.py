"""What runs in member accounts."""
