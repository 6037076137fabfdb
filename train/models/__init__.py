"""The model families in Gluon, a file each."""
