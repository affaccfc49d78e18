"""Amazon EventBridge: buses, rules, targets with retries and dead-letter queues, and schedules."""
