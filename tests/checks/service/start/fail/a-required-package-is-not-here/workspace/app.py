import zzmodelserver

if __name__ == "__main__":
    zzmodelserver.run()
