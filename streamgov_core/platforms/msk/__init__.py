"""Amazon MSK: topics of a cluster."""
