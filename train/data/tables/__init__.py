"""One's own recordings: tables read and cleaned for training."""
