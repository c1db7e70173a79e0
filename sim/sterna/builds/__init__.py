"""What is built on this machine: where it is kept, and the compiler that makes it."""
