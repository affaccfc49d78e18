"""Where the topics and streams of a platform are looked up: one module a platform."""
