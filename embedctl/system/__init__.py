"""The operating system: child processes, memory and processors, who owns a file."""
