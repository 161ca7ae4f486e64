"""The indexing pipeline: steps, workers, stages, the sink."""
