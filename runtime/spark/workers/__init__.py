"""What runs in Spark's workers: a sensor's rows in, its answers out."""
