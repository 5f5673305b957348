"""The program: `sovereign-guard`, and `python -m sovereign_guard`."""

import gc


def main() -> None:
    """Run the command line.

    The cyclic collector stays off: a run makes millions of values, none of them in cycles, and then ends.
    """
    gc.disable()
    from sovereign_guard.cli import main as run

    run()


if __name__ == "__main__":
    main()
