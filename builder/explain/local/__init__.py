"""Why a model answers as it does for one sample: methods, their own accuracy, and how far to trust them."""
