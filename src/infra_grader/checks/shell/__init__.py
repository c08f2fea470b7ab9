"""Shell scripts: linted by ShellCheck, and run in the sandbox."""
