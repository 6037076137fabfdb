"""What each framework writes, read as data: files become layers."""
