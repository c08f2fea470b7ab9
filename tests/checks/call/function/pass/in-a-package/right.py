def vowels(text, extra):
    return [letter for letter in text if letter in "aeiou" + extra]
