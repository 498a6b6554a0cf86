"""What is measured: `./studio bench`. Method and figures are in README.md beside this file."""
