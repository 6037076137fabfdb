"""Teacher, students and micro-students on the Server Machine Dataset."""
