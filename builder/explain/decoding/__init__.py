"""Writing token by token: what is likely next, with or without a cache, and the search for a whole text."""
