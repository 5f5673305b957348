"""What docs/generate.py writes its pages with: one module for each kind of page, and what they share."""
