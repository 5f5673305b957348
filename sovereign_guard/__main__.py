"""`python -m sovereign_guard`."""

from sovereign_guard.cli import main

if __name__ == "__main__":
    main()
