"""What frameworks build of their own layers, as source that the tracer reads. Nothing here is ever imported."""
