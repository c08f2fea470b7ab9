import time

if __name__ == "__main__":
    print("loading the model")
    time.sleep(1000)
    serve()
