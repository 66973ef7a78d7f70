"""Runs the command `qbo-sandbox`."""

from qbo_sandbox.command import main

if __name__ == "__main__":
    main(prog_name="python -m qbo_sandbox")
