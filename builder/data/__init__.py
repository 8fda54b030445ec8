"""Sources, profiles, splits, preprocessing and input pipelines."""
