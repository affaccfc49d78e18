"""The domain's things as the API shows them: pure functions from entities to botocore's output shapes."""
