import sys

from words.count import count

print(count(sys.argv[1]))
