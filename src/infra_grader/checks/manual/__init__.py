"""Check kinds that leave the judgement to a person."""
