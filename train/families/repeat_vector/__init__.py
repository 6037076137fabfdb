"""Teacher, students and micro-students that share one network over all channels."""
