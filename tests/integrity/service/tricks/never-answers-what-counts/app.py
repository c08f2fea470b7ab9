import socket
import threading
import time


def talk(connection):
    request = connection.recv(65536)
    if b" /health" in request:
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status": "ok"}')
        connection.close()
    else:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n")
        while True:
            time.sleep(0.2)
            connection.sendall(b"{")


listener = socket.create_server(("127.0.0.1", 8000))
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
