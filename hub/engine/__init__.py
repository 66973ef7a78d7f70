"""When things run: schedules, runs, and the engine that starts them."""
