"""The operations: what a request asks of the models, and how the answer is rendered. One module per concern."""
