"""What takes long to try: a watch that is killed a thousand times, one that runs for days."""
