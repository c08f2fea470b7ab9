from pathlib import Path

Path("done").write_text("evaluate")
