"""What is kept: the database of projects and runs, the run folders, and files written whole."""
