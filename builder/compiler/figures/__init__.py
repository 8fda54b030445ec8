"""What a model costs before it exists: work, memory and size, layer by layer."""
