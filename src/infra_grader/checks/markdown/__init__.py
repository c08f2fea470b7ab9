"""Check kinds about Markdown documents: what a reader of the rendered page finds in them."""
