from .letters import VOWELS


def vowels(text, extra):
    return [letter for letter in text if letter in VOWELS or letter == extra]
