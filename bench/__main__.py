"""`python -m bench`; `bench.command` says what it does."""

if __name__ == "__main__":
    # Worker processes import this file too, and need nothing of the figures.
    from bench.command import run

    run()
