# half a function
def price(:
