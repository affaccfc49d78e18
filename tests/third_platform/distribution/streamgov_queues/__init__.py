"""Amazon SQS queues as a streaming platform."""
