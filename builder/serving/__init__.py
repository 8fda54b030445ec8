"""The prediction server: one model behind HTTP. An exported server carries these files as they are."""
