"""The training loop: epochs, one pass over windows, a run that resumes."""
