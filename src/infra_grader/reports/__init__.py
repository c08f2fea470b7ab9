"""Reports: a scorecard in, text out. They never run a check and never print."""
