"""What a run has found, for eyes and for programs: terminal, JSON, JUnit, HTML and the size map."""
