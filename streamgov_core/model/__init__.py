"""Plain data and pure rules; imports nothing of ours."""
