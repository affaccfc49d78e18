"""The life of one grant as a timeline: request, decision, executions, calls, documents, cause, and what to do."""
