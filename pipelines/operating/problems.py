"""What is told to whoever called, in one sentence, instead of a trace."""


class RunProblem(RuntimeError):
    """What stands in the way of a run, in one sentence that says what to do."""
