PORT = 5000
# os.environ["PORT"]
