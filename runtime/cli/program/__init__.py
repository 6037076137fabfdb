"""What the program is made of: where its commands are, how a call is read and completed."""
