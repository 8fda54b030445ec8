"""The truth about a run's exported files: what each costs in accuracy, time and memory, and why.

Pages read the reports and the frontier; the parts that run models are imported where they are used.
"""
