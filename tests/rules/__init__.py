"""The pure rules, each against values worked by hand and against laws."""
