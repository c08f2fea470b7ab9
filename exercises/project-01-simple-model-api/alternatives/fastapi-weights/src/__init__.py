"""An image classifier behind HTTP."""
