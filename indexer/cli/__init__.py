"""The program: commands that change a library."""
